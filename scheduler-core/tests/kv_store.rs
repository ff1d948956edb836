//! The key-value store keeps every promise of the port.

scheduler_core::store_conformance!(scheduler_core::kv::KvStore::new(scheduler_core::kv::MemoryBucket::new()));
