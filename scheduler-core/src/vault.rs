//! Keeps secrets at rest: sealed with the master key, bound to what they are for.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest, Sha256};

use crate::domain::{Connection, Key, SealedConnection, Secret, Timestamp};
use crate::ports::{Store, StoreError};

const NONCE: usize = 24;

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
pub struct Vault {
    cipher: XChaCha20Poly1305,
    tag: [u8; 32],
}

impl Vault {
    /// Works with this master key.
    pub fn new(master_key: [u8; 32]) -> Self {
        let tag = Sha256::new().chain_update(b"fingerprint").chain_update(master_key).finalize().into();
        Self { cipher: XChaCha20Poly1305::new(&master_key.into()), tag }
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
    pub fn seal_connection(
        &self,
        key: &Key,
        api_key: &Secret,
        base_url: Option<Arc<str>>,
        now: Timestamp,
    ) -> SealedConnection {
        SealedConnection {
            sealed: self.seal(&purpose(key), api_key.expose().as_bytes()).into(),
            fingerprint: self.fingerprint(api_key.expose()),
            base_url,
            updated: now,
        }
    }

    /// Opens a tenant's connection; none when it was sealed with another master key.
    pub fn open_connection(&self, key: &Key, sealed: &SealedConnection) -> Option<Connection> {
        let secret = String::from_utf8(self.open(&purpose(key), &sealed.sealed)?).ok()?;
        Some(Connection {
            api_key: Secret::new(&secret),
            base_url: sealed.base_url.clone(),
            fingerprint: sealed.fingerprint.clone(),
        })
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
        match sealed.as_ref().map(|sealed| self.vault.open_connection(key, sealed)) {
            Some(None) => {
                Err(StoreError::Corrupt("the connection was sealed with another master key".into()))
            }
            opened => Ok(opened.flatten()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
