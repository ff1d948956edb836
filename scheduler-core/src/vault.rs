//! Keeps secrets at rest: sealed with the master key, bound to what they are for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::domain::{Connection, Key, SealedConnection, Secret, Timestamp};
use crate::ports::{DataKey, DataKeys, Store, StoreError};

const NONCE: usize = 24;
/// Parts a wrapped key from what it seals; no sign of base 64.
const PART: char = '.';
/// Unwrapped keys that are remembered.
const REMEMBERED: usize = 1024;

/// Thirty-two secret bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads 64 hexadecimal digits, or base 64 of 32 bytes.
    ///
    /// # Errors
    ///
    /// When it is neither, in words that do not show it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bytes = if text.len() == 64 {
            (0..64).step_by(2).map(|at| text.get(at..at + 2).and_then(hex_byte)).collect()
        } else {
            STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
        };
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| "expected 64 hexadecimal digits, or base 64 of 32 bytes".into())
    }

    /// Makes a new key.
    pub fn random() -> Self {
        Self(random())
    }

    /// Gives the bytes out, to the one cipher that needs them.
    pub fn expose(&self) -> [u8; 32] {
        self.0
    }
}

fn hex_byte(digits: &str) -> Option<u8> {
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Seals and opens secrets with XChaCha20-Poly1305.
///
/// The purpose is authenticated with the secret, so that a sealed key moved to another tenant does not open.
///
/// Connections are sealed with the master key itself or, where a service wraps keys, with a key of their own
/// that lies wrapped beside them: then the master key alone opens none.
pub struct Vault {
    cipher: XChaCha20Poly1305,
    tag: [u8; 32],
    data_keys: Option<Arc<dyn DataKeys>>,
    /// Keys that the service has unwrapped, so that not every run asks for one.
    unwrapped: Mutex<HashMap<Arc<str>, [u8; 32]>>,
}

impl Vault {
    /// Works with this master key.
    pub fn new(master_key: [u8; 32]) -> Self {
        let tag = Sha256::new().chain_update(b"fingerprint").chain_update(master_key).finalize().into();
        let cipher = XChaCha20Poly1305::new(&master_key.into());
        Self { cipher, tag, data_keys: None, unwrapped: Mutex::default() }
    }

    /// Seals connections with keys that a service wraps. Those that were sealed without it still open.
    pub fn with_data_keys(self, data_keys: Arc<dyn DataKeys>) -> Self {
        Self { data_keys: Some(data_keys), ..self }
    }

    /// Seals `secret` for `purpose`: the nonce and the cipher text, in base 64.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> String {
        let nonce: [u8; NONCE] = random();
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        STANDARD_NO_PAD.encode([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for the same purpose with the same master key.
    pub fn open(&self, purpose: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: purpose.as_bytes() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }

    /// Tells secrets apart without showing them: twelve digits that only this master key can make.
    pub fn fingerprint(&self, secret: &str) -> Arc<str> {
        let hash = Sha256::new().chain_update(self.tag).chain_update(secret).finalize();
        hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect::<String>().into()
    }

    /// Seals a tenant's connection.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the service that wraps keys can not be reached.
    pub async fn seal_connection(
        &self,
        key: &Key,
        api_key: &Secret,
        base_url: Option<Arc<str>>,
        now: Timestamp,
    ) -> Result<SealedConnection, StoreError> {
        let (purpose, secret) = (purpose(key), api_key.expose().as_bytes());
        let sealed = match &self.data_keys {
            None => self.seal(&purpose, secret),
            Some(service) => {
                let DataKey { plain, wrapped } = service.fresh(key).await?;
                format!("{wrapped}{PART}{}", Self::new(plain).seal(&purpose, secret))
            }
        };
        let fingerprint = self.fingerprint(api_key.expose());
        Ok(SealedConnection { sealed: sealed.into(), fingerprint, base_url, updated: now })
    }

    /// Opens a tenant's connection; none when it was sealed with another key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the service that wraps keys can not be reached.
    pub async fn open_connection(
        &self,
        key: &Key,
        sealed: &SealedConnection,
    ) -> Result<Option<Connection>, StoreError> {
        let purpose = purpose(key);
        let opened = match sealed.sealed.split_once(PART) {
            None => self.open(&purpose, &sealed.sealed),
            Some((wrapped, sealed)) => {
                let plain = self.unwrapped(key, wrapped).await?;
                plain.and_then(|plain| Self::new(plain).open(&purpose, sealed))
            }
        };
        let Some(secret) = opened.and_then(|bytes| String::from_utf8(bytes).ok()) else { return Ok(None) };
        Ok(Some(Connection {
            api_key: Secret::new(&secret),
            base_url: sealed.base_url.clone(),
            fingerprint: sealed.fingerprint.clone(),
        }))
    }

    async fn unwrapped(&self, key: &Key, wrapped: &str) -> Result<Option<[u8; 32]>, StoreError> {
        // The name of whose it is keeps a key that was moved to another tenant from being found here.
        let name = format!("{key} {wrapped}");
        let known = || self.unwrapped.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plain) = known().get(name.as_str()) {
            return Ok(Some(*plain));
        }
        let Some(service) = &self.data_keys else { return Ok(None) };
        let plain = service.unwrap(key, wrapped).await?;
        if let Some(plain) = plain {
            let mut known = known();
            if known.len() >= REMEMBERED {
                known.clear();
            }
            known.insert(name.into(), plain);
        }
        Ok(plain)
    }
}

fn purpose(key: &Key) -> String {
    format!("connection|{}|{}", key.source, key.tenant)
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// Finds a tenant's access to its upstream.
#[async_trait]
pub trait Connections: Send + Sync + 'static {
    /// The tenant's connection; none when it has none.
    async fn connection(&self, key: &Key) -> Result<Option<Connection>, StoreError>;
}

/// The connections that are kept sealed in the store.
pub struct StoredConnections {
    store: Arc<dyn Store>,
    vault: Arc<Vault>,
}

impl StoredConnections {
    /// Reads from `store` what `vault` sealed.
    pub fn new(store: Arc<dyn Store>, vault: Arc<Vault>) -> Self {
        Self { store, vault }
    }
}

#[async_trait]
impl Connections for StoredConnections {
    async fn connection(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        let sealed = self.store.connection(key).await?;
        let Some(sealed) = sealed else { return Ok(None) };
        match self.vault.open_connection(key, &sealed).await? {
            None => Err(StoreError::Corrupt("the connection was sealed with another master key".into())),
            opened => Ok(opened),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::block_on;

    #[test]
    fn a_key_is_read_from_hex_and_from_base_64() {
        let key = MasterKey([0xab; 32]);

        for text in ["ab".repeat(32), "AB".repeat(32) + "\n", STANDARD.encode([0xab; 32])] {
            assert_eq!(MasterKey::parse(&text), Ok(key.clone()), "{text}");
        }
        for text in ["", "ab", &"+a".repeat(32), &"é".repeat(32), &STANDARD.encode([1; 31])] {
            assert!(MasterKey::parse(text).is_err(), "{text}");
        }
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }

    #[test]
    fn what_is_sealed_opens_for_the_same_purpose_only() {
        let vault = Vault::new([7; 32]);
        let sealed = vault.seal("connection|acculynx|a", b"s3cret");

        assert_eq!(vault.open("connection|acculynx|a", &sealed).as_deref(), Some(&b"s3cret"[..]));
        assert_eq!(vault.open("connection|acculynx|b", &sealed), None);
        assert_eq!(Vault::new([8; 32]).open("connection|acculynx|a", &sealed), None);
        assert_eq!(vault.open("connection|acculynx|a", "not base64!"), None);
        assert!(!sealed.contains("s3cret"));
    }

    /// Wraps with a key of its own, and counts how often it is asked.
    struct Service(Vault, std::sync::atomic::AtomicU32);

    #[async_trait]
    impl DataKeys for Service {
        async fn fresh(&self, of: &Key) -> Result<DataKey, StoreError> {
            let plain = random();
            Ok(DataKey { plain, wrapped: self.0.seal(&of.to_string(), &plain) })
        }

        async fn unwrap(&self, of: &Key, wrapped: &str) -> Result<Option<[u8; 32]>, StoreError> {
            self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(self.0.open(&of.to_string(), wrapped).and_then(|plain| plain.try_into().ok()))
        }
    }

    #[test]
    fn a_connection_with_a_wrapped_key_opens_for_its_tenant_only_and_not_without_the_service() {
        let service = || Arc::new(Service(Vault::new([1; 32]), Default::default()));
        let (of, other) = (key_of("a"), key_of("b"));
        let secret = Secret::new("s3cret");
        let (plain, kept) = (Vault::new([7; 32]), service());
        let vault = Vault::new([7; 32]).with_data_keys(kept.clone());
        let seal =
            |vault: &Vault, key| block_on(vault.seal_connection(key, &secret, None, Timestamp::MIN)).unwrap();
        let open = |vault: &Vault, key, sealed| {
            block_on(vault.open_connection(key, sealed)).unwrap().map(|opened| opened.api_key)
        };
        let (wrapped, bare) = (seal(&vault, &of), seal(&plain, &of));

        assert_eq!(open(&vault, &of, &wrapped), Some(secret.clone()));
        assert_eq!(open(&vault, &of, &wrapped), Some(secret.clone()));
        assert_eq!(kept.1.load(std::sync::atomic::Ordering::Relaxed), 1, "it is remembered");
        assert_eq!(open(&vault, &other, &wrapped), None);
        assert_eq!(open(&plain, &of, &wrapped), None, "the master key alone opens none");
        assert_eq!(open(&vault, &of, &bare), Some(secret.clone()), "sealed before there was a service");
        let stranger = Arc::new(Service(Vault::new([2; 32]), Default::default()));
        assert_eq!(open(&Vault::new([7; 32]).with_data_keys(stranger), &of, &wrapped), None);
        assert_eq!(wrapped.fingerprint, bare.fingerprint);
        assert_ne!(seal(&vault, &of).sealed.split(PART).next(), wrapped.sealed.split(PART).next());
    }

    fn key_of(tenant: &str) -> Key {
        let source = crate::domain::Source::parse("acculynx").unwrap();
        Key::new(source, crate::domain::Tenant::parse(tenant).unwrap())
    }
}
