#![doc = include_str!("../README.md")]

use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_kms::operation::decrypt::DecryptError;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use scheduler_core::domain::Key;
use scheduler_core::ports::{DataKey, DataKeys, StoreError};

pub use aws_sdk_kms as sdk;

/// The names under which a tenant and its source stand in the encryption context.
const TENANT: &str = "tenant";
const SOURCE: &str = "source";

/// Keys that KMS makes and wraps.
pub struct Kms {
    client: Client,
    key_id: String,
}

impl Kms {
    /// Wraps with the key of that id, alias or address.
    pub fn new(client: Client, key_id: impl Into<String>) -> Self {
        Self { client, key_id: key_id.into() }
    }
}

#[async_trait]
impl DataKeys for Kms {
    async fn fresh(&self, of: &Key) -> Result<DataKey, StoreError> {
        let made = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(TENANT, of.tenant.as_str())
            .encryption_context(SOURCE, of.source.as_str())
            .send()
            .await
            .map_err(|error| unavailable(error.code(), &DisplayErrorContext(&error)))?;
        let plain = made.plaintext.and_then(|plain| plain.into_inner().try_into().ok());
        match (plain, made.ciphertext_blob) {
            (Some(plain), Some(wrapped)) => {
                Ok(DataKey { plain, wrapped: STANDARD_NO_PAD.encode(wrapped.as_ref()) })
            }
            _ => Err(StoreError::Unavailable("kms: it gave no key".into())),
        }
    }

    async fn unwrap(&self, of: &Key, wrapped: &str) -> Result<Option<[u8; 32]>, StoreError> {
        let Ok(wrapped) = STANDARD_NO_PAD.decode(wrapped) else { return Ok(None) };
        let opened = self
            .client
            .decrypt()
            .key_id(&self.key_id)
            .ciphertext_blob(Blob::new(wrapped))
            .encryption_context(TENANT, of.tenant.as_str())
            .encryption_context(SOURCE, of.source.as_str())
            .send()
            .await;
        match opened {
            Ok(opened) => Ok(opened.plaintext.and_then(|plain| plain.into_inner().try_into().ok())),
            Err(error) => match error.as_service_error() {
                Some(
                    DecryptError::InvalidCiphertextException(_) | DecryptError::IncorrectKeyException(_),
                ) => Ok(None),
                _ => Err(unavailable(error.code(), &DisplayErrorContext(&error))),
            },
        }
    }
}

fn unavailable(code: Option<&str>, cause: &dyn std::fmt::Display) -> StoreError {
    let cause = code.map_or_else(|| cause.to_string(), str::to_owned);
    StoreError::Unavailable(format!("kms: {cause}").into())
}
