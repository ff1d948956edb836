//! The memory store keeps every promise of the port.

scheduler_core::store_conformance!(scheduler_core::memory::MemoryStore::new());
