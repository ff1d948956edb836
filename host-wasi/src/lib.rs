//! The AetherLink Command Center as a WASI 0.2 component.
//!
//! One component exports `wasi:http/incoming-handler`, which answers a request with the shared REST surface and
//! the web app, and `wasi:cli/run`, which runs one tick. Nothing is resident: a runtime may make an instance
//! for each request, so all that is to last is in the store.

mod openapi;
mod parts;
mod settings;

#[cfg(target_os = "wasi")]
mod background;
#[cfg(target_os = "wasi")]
mod clock;
#[cfg(target_os = "wasi")]
mod component;
#[cfg(target_os = "wasi")]
mod http_client;
#[cfg(any(all(target_os = "wasi", not(feature = "otel")), test))]
mod log;
#[cfg(target_os = "wasi")]
mod stores;
#[cfg(target_os = "wasi")]
mod wire;

pub use parts::{Outside, Parts};
pub use settings::Settings;
