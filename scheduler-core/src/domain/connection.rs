//! A tenant's access to its upstream. Secrets here show nowhere.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Text that is never shown: it has no `Display` and no `Serialize`, and its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes a secret in.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Gives the secret out, to be sent to the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What a puller needs to speak for a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The tenant's own key at the upstream.
    pub api_key: Secret,
    /// The upstream's address, where it is not the puller's default.
    pub base_url: Option<Arc<str>>,
    /// Tells keys apart without showing them.
    pub fingerprint: Arc<str>,
}

/// A connection as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedConnection {
    /// The encrypted key with its nonce in front, in base 64.
    pub sealed: Arc<str>,
    /// Tells keys apart without showing them.
    pub fingerprint: Arc<str>,
    /// The upstream's address, where it is not the puller's default.
    pub base_url: Option<Arc<str>>,
    /// When it was set.
    pub updated: Timestamp,
}
