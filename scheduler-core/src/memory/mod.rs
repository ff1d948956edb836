//! Keeps everything in memory: the whole store, or the index that a durable one keeps beside its tables.

mod answers;
mod contents;
mod history;
mod imports;
mod records;
mod store;

pub use contents::Capacity;
pub use records::Records;
pub use store::MemoryStore;
pub(crate) use store::cursor;
