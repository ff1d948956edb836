//! What a host chooses, and which addresses a tenant may choose.

use std::sync::Arc;
use std::time::Duration;

use scheduler_core::domain::{Connection, ErrorKind, RunError};

use crate::limiter::Limiter;

/// AccuLynx's own address.
pub const DEFAULT_BASE_URL: &str = "https://api.acculynx.com/api/v2";

/// One exchange with the upstream, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallReport {
    /// The endpoint with names in place of ids, such as `/jobs/{id}/invoices`.
    pub endpoint: &'static str,
    /// The status; none when no answer came.
    pub status: Option<u16>,
    /// How long the exchange took.
    pub duration: Duration,
}

impl CallReport {
    /// The status as a metric's label: `200`, or `error`.
    pub fn label(&self) -> String {
        self.status.map_or_else(|| "error".to_owned(), |status| status.to_string())
    }
}

/// Is told of every exchange.
pub type Observer = Arc<dyn Fn(&CallReport) + Send + Sync>;

/// What a host chooses.
#[derive(Clone)]
pub struct Config {
    /// Where AccuLynx is, without a slash at the end.
    pub base_url: String,
    /// Keeps all tenants of the process within AccuLynx's limits.
    pub limiter: Limiter,
    /// Contacts are read whole on every so-manieth run; new ones are searched on the runs between.
    pub contacts_every: u32,
    /// Users and supplements are read whole when the last time is this long ago.
    pub daily: Duration,
    /// Every job is read again, and gone ones are marked, when the last time is this long ago.
    pub weekly: Duration,
    /// Requests for the children of jobs that a run may send.
    pub child_requests: u64,
    /// Changed jobs that may wait for their children to be read; past them all jobs are walked.
    pub child_queue: usize,
    /// A window with this many jobs is split in halves.
    pub split_at: u64,
    /// One exchange may take this long.
    pub timeout: Duration,
    /// Is told of every exchange.
    pub observer: Option<Observer>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            base_url: DEFAULT_BASE_URL.to_owned(),
            limiter: Limiter::default(),
            contacts_every: 12,
            daily: Duration::from_secs(24 * 3600),
            weekly: Duration::from_secs(7 * 24 * 3600),
            child_requests: 600,
            child_queue: 2_000,
            split_at: 40_000,
            timeout: Duration::from_secs(30),
            observer: None,
        }
    }
}

impl Config {
    /// The address to use for a tenant: its own where it is allowed, else the configured one.
    pub(crate) fn base_for(&self, connection: &Connection) -> Result<String, RunError> {
        let configured = self.base_url.trim_end_matches('/');
        let Some(own) = connection.base_url.as_deref() else { return Ok(configured.to_owned()) };
        let own = own.trim().trim_end_matches('/');
        if own == configured || is_acculynx(own) {
            return Ok(own.to_owned());
        }
        let message = "the base URL must be https on acculynx.com or a host under it";
        Err(RunError::new(ErrorKind::Config, message))
    }
}

/// Whether an address is https on AccuLynx's domain, with nothing in it that two readers could read
/// differently: no user, no escapes, no query.
fn is_acculynx(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    let plain =
        |text: &str, more: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    let host = host.to_ascii_lowercase();
    let ours = host == "acculynx.com"
        || host.strip_suffix(".acculynx.com").is_some_and(|sub| !sub.is_empty() && !sub.starts_with('.'));
    ours && matches!(port, "443" | "8443")
        && plain(&host, b".-")
        && !host.contains("..")
        && plain(path, b"/-_.~")
        && !path.contains("..")
}

/// The key as it is sent; an error when no header could carry it.
pub(crate) fn bearer(connection: &Connection) -> Result<String, RunError> {
    let key = connection.api_key.expose().trim();
    if key.is_empty() || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(RunError::new(
            ErrorKind::Config,
            "the API key is empty or holds characters that no key has",
        ));
    }
    Ok(format!("Bearer {key}"))
}

#[cfg(test)]
mod tests {
    use scheduler_core::domain::Secret;

    use super::*;

    #[test]
    fn a_tenant_may_only_name_acculynx_or_the_configured_address() {
        let config = Config { base_url: "http://127.0.0.1:9000/api/v2".into(), ..Config::default() };
        let base = |url: Option<&str>| config.base_for(&connection("k", url)).map_err(|error| error.kind);

        assert_eq!(base(None).as_deref(), Ok("http://127.0.0.1:9000/api/v2"));
        for good in [
            "http://127.0.0.1:9000/api/v2/",
            "https://api.acculynx.com/api/v2",
            "https://acculynx.com",
            "https://eu.api.AccuLynx.com:8443/api/v2/",
        ] {
            assert!(base(Some(good)).is_ok(), "{good}");
        }
        for bad in [
            "http://api.acculynx.com/api/v2",
            "https://acculynx.com.evil.example/api",
            "https://evilacculynx.com",
            "https://acculynx.com@evil.example",
            "https://evil.example\\.acculynx.com",
            "https://evil.example#.acculynx.com",
            "https://evil.example?x=.acculynx.com",
            "https://127.0.0.1/api/v2",
            "https://.acculynx.com",
            "https://api.acculynx.com:22/x",
            "https://api.acculynx.com/../x",
            "https://api.acculynx.com./x",
            "",
        ] {
            assert_eq!(base(Some(bad)), Err(ErrorKind::Config), "{bad}");
        }
    }

    #[test]
    fn a_key_is_trimmed_and_must_fit_a_header() {
        assert_eq!(bearer(&connection(" abc \n", None)).as_deref(), Ok("Bearer abc"));
        for bad in ["", "  ", "a b", "a\r\nX: y", "ä"] {
            assert!(bearer(&connection(bad, None)).is_err(), "{bad:?}");
        }
    }

    fn connection(key: &str, base_url: Option<&str>) -> Connection {
        Connection { api_key: Secret::new(key), base_url: base_url.map(Into::into), fingerprint: "fp".into() }
    }
}
