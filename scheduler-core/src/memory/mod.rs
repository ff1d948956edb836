//! Everything in memory: the index of current records.

mod records;

pub use records::Records;
