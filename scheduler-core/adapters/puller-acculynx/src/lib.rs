#![doc = include_str!("../README.md")]

mod caller;
mod children;
mod config;
mod content;
mod cursor;
mod gone;
mod jobs;
mod limiter;
mod lists;
#[cfg(feature = "reqwest-client")]
mod public_only;
mod puller;
#[cfg(feature = "reqwest-client")]
mod reqwest_client;
mod run;
#[cfg(feature = "sandbox")]
pub mod sandbox;
mod throttle;
mod wire;

pub use config::{CallReport, Config, DEFAULT_BASE_URL, Observer};
pub use content::content_hash;
pub use limiter::{Held, Limiter, Limits, Permit, Rate};
pub use puller::AccuLynx;
#[cfg(feature = "reqwest-client")]
pub use reqwest_client::ReqwestClient;
