//! The serverless AetherLink Command Center: one handler for the REST surface, the ticks and the workers.
//!
//! One artifact, `bootstrap`, is deployed as three functions; `COMMAND_CENTER_ROLE` says which one it is. See
//! `docs/deploy/lambda.md`.

pub mod background;
mod clock;
pub mod emf;
pub mod event;
pub mod function;
pub mod parts;
mod queue;
pub mod settings;
mod web;

pub use function::Function;
pub use settings::Settings;
