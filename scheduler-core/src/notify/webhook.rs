//! Where notifications go: an address that was allowed, and a signature that the receiver can check.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::domain::Timestamp;
use crate::ports::{HttpRequest, Method};

/// Why an address or a secret is no good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It can not be read as an address.
    #[error("the webhook's address must look like https://host/path")]
    Address,
    /// It would cross a network in clear.
    #[error("the webhook's address must be https; plain http is for 127.0.0.1 and [::1]")]
    Plain,
    /// Its host is not on the list.
    #[error("the webhook's host {0} is not on the list of allowed hosts")]
    NotAllowed(String),
    /// It can belong to no receiver.
    #[error("the webhook's host {0} can not be a receiver")]
    Special(IpAddr),
    /// It is not what it should be.
    #[error("the webhook's secret must be whsec_ and 24 to 64 bytes in base 64")]
    Secret,
}

/// An allowed destination and the secret that it shares with us.
#[derive(Clone)]
pub struct Webhook {
    url: String,
    secret: Vec<u8>,
}

impl Webhook {
    /// Accepts `url` if its host is one of `allowed`: `host`, `host:port`, or `*.domain` for all below it.
    ///
    /// # Errors
    ///
    /// When the address or the secret is not of the form, or the host is not allowed.
    pub fn new(url: &str, secret: &str, allowed: &[String]) -> Result<Self, WebhookError> {
        let place = Place::parse(url).ok_or(WebhookError::Address)?;
        let loopback = place.ip.is_some_and(|ip| ip.is_loopback());
        if !place.tls && !loopback {
            return Err(WebhookError::Plain);
        }
        if let Some(ip) = place.ip.filter(|ip| is_special(*ip)) {
            return Err(WebhookError::Special(ip));
        }
        if !allowed.iter().any(|entry| place.matches(entry)) {
            return Err(WebhookError::NotAllowed(place.host));
        }
        let secret = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
        let secret = secret.filter(|bytes| (24..=64).contains(&bytes.len())).ok_or(WebhookError::Secret)?;
        Ok(Self { url: url.to_owned(), secret })
    }

    /// The request that carries a message, signed as <https://www.standardwebhooks.com> says.
    pub(super) fn request(&self, id: &str, body: &[u8], now: Timestamp) -> HttpRequest {
        let timestamp = (now.millis() / 1000).to_string();
        let headers = vec![
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-signature", self.sign(id, &timestamp, body)),
            ("webhook-timestamp", timestamp),
        ];
        HttpRequest {
            method: Method::Post,
            url: self.url.clone(),
            headers,
            body: Some(Bytes::copy_from_slice(body)),
            timeout: Duration::from_secs(10),
            max_body: 64 << 10,
        }
    }

    /// `v1,` and the HMAC-SHA256 of id, time and body in base 64.
    fn sign(&self, id: &str, timestamp: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// The part of an address that says who is called. Whatever could be read in two ways is refused.
struct Place {
    tls: bool,
    host: String,
    port: u16,
    ip: Option<IpAddr>,
}

impl Place {
    fn parse(url: &str) -> Option<Self> {
        if !url.bytes().all(|b| b.is_ascii_graphic() && !b"\\\"<>^`{|}#@".contains(&b)) {
            return None;
        }
        let (scheme, rest) = url.split_once("://")?;
        let tls = match scheme {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let authority = rest.split(['/', '?']).next()?.to_ascii_lowercase();
        let (host, port) = match authority.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(Some((host, port))) => {
                (host.to_owned(), port.strip_prefix(':').or(port.is_empty().then_some(""))?)
            }
            Some(None) => return None,
            None => match authority.split_once(':') {
                Some((host, port)) => (host.to_owned(), port),
                None => (authority.clone(), ""),
            },
        };
        let port = match port {
            "" if tls => 443,
            "" => 80,
            digits => digits.parse().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()))?,
        };
        let ip = match (authority.starts_with('['), is_number(&host)) {
            (true, _) => Some(IpAddr::V6(host.parse::<Ipv6Addr>().ok()?)),
            (false, true) => Some(IpAddr::V4(host.parse::<Ipv4Addr>().ok()?)),
            (false, false) => None,
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let named = || host.split('.').all(|label| !label.is_empty() && label.bytes().all(plain));
        (ip.is_some() || named()).then_some(Self { tls, host, port, ip })
    }

    fn matches(&self, entry: &str) -> bool {
        let entry = entry.trim().to_ascii_lowercase();
        let own_port = format!(":{}", self.port);
        let usual = self.port == if self.tls { 443 } else { 80 };
        let name = match entry.strip_suffix(&own_port) {
            Some(name) => name,
            None if usual => entry.as_str(),
            None => return false,
        };
        match name.strip_prefix("*.") {
            Some(domain) => {
                self.ip.is_none() && self.host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
            }
            None => name.trim_matches(['[', ']']) == self.host,
        }
    }
}

/// Whether programs may take the host for an IPv4 address: its last label is a number, in whatever base.
fn is_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    last.bytes().all(|b| b.is_ascii_digit())
        || last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Where no receiver can be, such as the address at which clouds hand out credentials.
fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_special_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_special_v4(ip),
            None => ip.is_unspecified() || ip.is_multicast() || ip.is_unicast_link_local(),
        },
    }
}

fn is_special_v4(ip: Ipv4Addr) -> bool {
    ip.is_unspecified() || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast() || ip.octets()[0] == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn refusal(url: &str, allowed: &[&str]) -> Option<WebhookError> {
        let allowed: Vec<_> = allowed.iter().map(|entry| (*entry).to_owned()).collect();
        Webhook::new(url, SECRET, &allowed).err()
    }

    #[test]
    fn only_what_is_on_the_list_is_called() {
        let list = [
            "hooks.example.com",
            "*.chat.example",
            "ops.example:8443",
            "127.0.0.1:9000",
            "10.0.0.7",
            "[::1]:9000",
        ];
        for good in [
            "https://hooks.example.com",
            "https://HOOKS.example.com/a/b?c=d",
            "https://hooks.example.com:443/",
            "https://a.b.chat.example/x",
            "https://ops.example:8443/x",
            "http://127.0.0.1:9000/x",
            "https://10.0.0.7/x",
            "http://[::1]:9000/",
        ] {
            assert_eq!(refusal(good, &list), None, "{good}");
        }
        for bad in [
            "https://example.com/",
            "https://evil.example/?hooks.example.com",
            "https://chat.example/",
            "https://evilchat.example/",
            "https://hooks.example.com:8443/",
            "https://ops.example/",
            "http://127.0.0.1:9001/",
            "https://10.0.0.8/",
        ] {
            assert!(matches!(refusal(bad, &list), Some(WebhookError::NotAllowed(_))), "{bad}");
        }
        assert!(refusal("https://hooks.example.com/", &[]).is_some());
    }

    #[test]
    fn an_address_that_reads_in_two_ways_is_none() {
        for bad in [
            "",
            "hooks.example.com",
            "ftp://hooks.example.com/",
            "HTTPS://hooks.example.com/",
            "https://",
            "https://hooks.example.com@evil.example/",
            "https://evil.example#hooks.example.com",
            "https://evil.example\\@hooks.example.com/",
            "https://hooks.example.com /",
            "https://hooks..example.com/",
            "https://hooks.example.com./",
            "https://höoks.example.com/",
            "https://hooks.example.com:x/",
            "https://hooks.example.com:+443/",
            "https://hooks.example.com:99999/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.0.0.1/",
            "https://0177.0.0.1/",
            "https://1.2.3.0x4/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[127.0.0.1]/",
        ] {
            assert_eq!(refusal(bad, &["*"]), Some(WebhookError::Address), "{bad}");
        }
        assert_eq!(refusal("http://hooks.example.com/", &["hooks.example.com"]), Some(WebhookError::Plain));
        assert_eq!(refusal("http://10.0.0.7/", &["10.0.0.7"]), Some(WebhookError::Plain));
        for bad in ["169.254.169.254", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[::ffff:169.254.169.254]"] {
            let url = format!("https://{bad}/");
            assert!(matches!(refusal(&url, &[bad]), Some(WebhookError::Special(_))), "{bad}");
        }
    }

    #[test]
    fn a_secret_is_long_and_in_base_64() {
        let allowed = ["a.example".to_owned()];
        for bad in ["", "whsec_", "secret", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_!!!"]
        {
            let refused = Webhook::new("https://a.example/", bad, &allowed).err();
            assert_eq!(refused, Some(WebhookError::Secret), "{bad}");
        }
    }

    /// The vector of the specification's own libraries.
    #[test]
    fn signatures_are_those_of_standard_webhooks() {
        let webhook = Webhook::new("https://a.example/", SECRET, &["a.example".to_owned()]).unwrap();
        let body = br#"{"test": 2432232314}"#;

        let request =
            webhook.request("msg_p5jXN8AQM9LWM0D4loKWxJek", body, Timestamp::from_secs(1_614_265_330));

        let header =
            |name| request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value);
        assert_eq!(header("webhook-signature"), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(header("webhook-timestamp"), Some("1614265330"));
    }
}
