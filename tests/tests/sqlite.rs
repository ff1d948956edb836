//! Every case against the router in process, over a SQLite file.

host_conformance::host_conformance!(host_conformance::in_process::sqlite());
