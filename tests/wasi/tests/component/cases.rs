//! Every case against the component, each request in an instance of its own.

host_conformance::host_conformance!(wasi_conformance::WasiHost::new(), start_paused = true);
