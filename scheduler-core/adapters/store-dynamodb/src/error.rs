//! Causes of failure, near where they arise, and the one place that sorts them for callers.

use std::error::Error;

use aws_sdk_dynamodb::error::{BuildError, DisplayErrorContext, ProvideErrorMetadata, SdkError};
use scheduler_core::ports::StoreError;

/// Why something could not be done. Never holds what an item says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    /// DynamoDB refused, and goes on refusing.
    #[error("dynamodb: {0}")]
    Service(String),
    /// No answer came, or none that can be read.
    #[error("dynamodb can not be reached: {0}")]
    Unreachable(String),
    /// Others keep the item busy beyond patience.
    #[error("the item is changed too often")]
    Busy,
    /// An item that is not what was once written.
    #[error("a stored {0} can not be read")]
    Unreadable(&'static str),
    /// Something that does not turn into an item.
    #[error("a {0} can not be stored")]
    Unwritable(&'static str),
    /// What is asked for can not be: its reason is the caller's to read.
    #[error(transparent)]
    Refused(#[from] StoreError),
}

impl From<Cause> for StoreError {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Unreadable(_) => Self::Corrupt(cause.to_string().into()),
            Cause::Refused(error) => error,
            Cause::Service(_) | Cause::Unreachable(_) | Cause::Busy | Cause::Unwritable(_) => {
                Self::Unavailable(cause.to_string().into())
            }
        }
    }
}

impl<E: ProvideErrorMetadata + Error + Send + Sync + 'static> From<SdkError<E>> for Cause {
    fn from(error: SdkError<E>) -> Self {
        match error.code() {
            // Messages of validation quote what was sent, so the code has to do.
            Some(code) => Self::Service(code.to_owned()),
            None => Self::Unreachable(DisplayErrorContext(&error).to_string()),
        }
    }
}

impl From<BuildError> for Cause {
    fn from(_: BuildError) -> Self {
        Self::Unwritable("request")
    }
}
