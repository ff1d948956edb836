//! Why the program ends before its time, in a sentence for whoever started it.

use std::fmt;
use std::process::ExitCode;

/// A failure and its exit code.
#[derive(Debug)]
pub struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// What was asked for can not be done as it is configured (exit code 78, as in `sysexits.h`).
    pub fn config(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 78 }
    }

    /// What was asked for failed (exit code 1).
    pub fn other(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 1 }
    }

    /// The exit code.
    pub fn code(&self) -> ExitCode {
        self.code.into()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::other(error.to_string())
    }
}

impl From<scheduler_core::ports::StoreError> for Failure {
    fn from(error: scheduler_core::ports::StoreError) -> Self {
        Self::other(error.to_string())
    }
}
