//! Every case against the router in process, over the store in memory.

host_conformance::host_conformance!(host_conformance::in_process::memory());
