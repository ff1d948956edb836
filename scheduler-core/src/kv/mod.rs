//! A store over any bucket of objects that are published once: files in a directory, memory.
//!
//! All tables are one ordered map. A commit is one object: the nodes of the map that it makes new, and where
//! the others are. It is published under the next free place of a log, which is compare-and-swap: the map is
//! as it was, or as the commit makes it, and everybody reads one commit or another, never a mixture.
//! What old commits hold is moved on, now and then, and their folders are dropped.

mod bucket;
mod log;
mod node;
mod queries;
mod store;
mod sweep;
mod tables;
mod tree;
mod writes;

pub use bucket::{Bucket, MemoryBucket, Published};
pub use store::KvStore;
