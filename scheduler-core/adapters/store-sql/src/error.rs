//! Causes of failure, near where they arise, and the one place that sorts them for callers.

use scheduler_core::ports::StoreError;

/// Why something could not be done. Never holds what a row says.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[cfg(feature = "sqlite")]
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// A row that is not what was once written.
    #[error("a stored {what} can not be read")]
    Row {
        what: &'static str,
        #[source]
        cause: serde_json::Error,
    },
    /// A row whose name follows no grammar of ours.
    #[error("a stored {0} can not be read")]
    Value(&'static str),
    /// Something that does not turn into a row.
    #[error("a {0} can not be stored")]
    Unwritable(&'static str),
    /// What is asked for can not be: its reason is the caller's to read.
    #[error(transparent)]
    Refused(#[from] StoreError),
    #[error("the database thread has stopped")]
    Stopped,
}

impl From<Cause> for StoreError {
    fn from(cause: Cause) -> Self {
        match cause {
            #[cfg(feature = "sqlite")]
            Cause::Sqlite(error) => crate::sqlite::sort(&error),
            Cause::Row { .. } | Cause::Value(_) => Self::Corrupt(cause.to_string().into()),
            Cause::Unwritable(_) | Cause::Stopped => Self::Unavailable(cause.to_string().into()),
            Cause::Refused(error) => error,
        }
    }
}

/// Turns "it is not JSON of the right form" into a cause that does not quote the JSON.
pub(crate) fn unreadable(what: &'static str) -> impl Fn(serde_json::Error) -> Cause {
    move |cause| Cause::Row { what, cause }
}
