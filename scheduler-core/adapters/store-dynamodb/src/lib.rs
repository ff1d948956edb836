#![doc = include_str!("../README.md")]

mod answers;
mod batch;
mod commit;
mod configuration;
mod error;
mod history;
mod imports;
mod item;
mod keys;
mod reads;
mod settings;
mod store;
mod table;
mod timeline;
mod upkeep;

pub use aws_sdk_dynamodb as sdk;
pub use configuration::{Environment, Incomplete, configuration};
pub use store::{DynamoDb, Options};
pub use table::create_table;
