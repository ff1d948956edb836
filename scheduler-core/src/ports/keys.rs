//! Keys that a service outside wraps, so that they can be stored beside what they seal.

use async_trait::async_trait;

use super::StoreError;
use crate::domain::Key;

/// A key that seals one secret, plain and wrapped.
pub struct DataKey {
    /// The key itself: to be used and forgotten.
    pub plain: [u8; 32],
    /// The key as only the service can read it, in base 64 without padding.
    pub wrapped: String,
}

/// A service that makes and wraps keys with one that never leaves it, such as AWS KMS.
#[async_trait]
pub trait DataKeys: Send + Sync + 'static {
    /// A fresh key, bound to a tenant at a source.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the service can not be reached, or refuses.
    async fn fresh(&self, of: &Key) -> Result<DataKey, StoreError>;

    /// The key that was wrapped for that tenant; none when it was not, or not by this service.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the service can not be reached.
    async fn unwrap(&self, of: &Key, wrapped: &str) -> Result<Option<[u8; 32]>, StoreError>;
}
