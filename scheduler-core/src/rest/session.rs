//! The browser's session: a sealed cookie that names a token, never holds it.

use http::HeaderMap;
use http::header::{COOKIE, HOST, ORIGIN};
use serde::{Deserialize, Serialize};

use super::Surface;
use crate::domain::Timestamp;

/// How long a session lasts, used or not.
pub(super) const LIFETIME_SEC: i64 = 12 * 3600;
const PURPOSE: &str = "session";

#[derive(Serialize, Deserialize)]
pub(super) struct Session {
    pub(super) token: String,
    issued: Timestamp,
}

impl Surface {
    fn cookie_name(&self) -> &'static str {
        if self.loopback { "alk" } else { "__Host-alk" }
    }

    /// The `Set-Cookie` header of a new session.
    pub(super) fn begin_session(&self, token: &str, now: Timestamp) -> String {
        let session = Session { token: token.to_owned(), issued: now };
        let sealed = self.vault.seal(PURPOSE, &serde_json::to_vec(&session).unwrap_or_default());
        self.cookie(&sealed, LIFETIME_SEC)
    }

    /// The `Set-Cookie` header that ends a session.
    pub(super) fn end_session(&self) -> String {
        self.cookie("", 0)
    }

    fn cookie(&self, value: &str, max_age: i64) -> String {
        let secure = if self.loopback { "" } else { "; Secure" };
        let name = self.cookie_name();
        format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}")
    }

    /// The session that the request's cookie carries, unless it is over.
    pub(super) fn session(&self, headers: &HeaderMap, now: Timestamp) -> Option<Session> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.split_once('='));
        let (_, sealed) = pairs.find(|(name, _)| name.trim() == self.cookie_name())?;
        let session: Session = serde_json::from_slice(&self.vault.open(PURPOSE, sealed.trim())?).ok()?;
        let age = now.since(session.issued);
        (-60_000..LIFETIME_SEC * 1000).contains(&age).then_some(session)
    }
}

/// Whether a request that a browser authenticates by itself was made by our own page.
pub(super) fn same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    match (text(ORIGIN), text(HOST)) {
        (Some(origin), Some(host)) => {
            origin.split_once("://").is_some_and(|(_, site)| site.eq_ignore_ascii_case(host))
        }
        _ => false,
    }
}

/// Whether an authority (`host[:port]`) names this machine.
pub(super) fn is_local(authority: &str) -> bool {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !authority.ends_with(']') => (host, port),
        _ => (authority, "0"),
    };
    let known = host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]";
    known && port.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_names_of_this_machine_are_local() {
        for good in ["localhost", "LOCALHOST:80", "127.0.0.1:8000", "[::1]", "[::1]:8000"] {
            assert!(is_local(good), "{good}");
        }
        for bad in ["", "evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "localhost:", "::1"] {
            assert!(!is_local(bad), "{bad}");
        }
        assert!(!is_local("user@localhost"));
        assert!(!is_local("localhost:80@evil.example"));
    }
}
