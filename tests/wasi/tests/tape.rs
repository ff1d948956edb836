//! Recorded answers, byte for byte those of the other hosts.

use host_conformance::tape;
use tokio::runtime::Builder;
use wasi_conformance::WasiHost;

#[test]
fn every_tape_plays_over_files() {
    for path in tape::all() {
        // A runtime of its own: a clock can be stopped only once.
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async { tape::play(&WasiHost::new().await, &path).await });
    }
}
