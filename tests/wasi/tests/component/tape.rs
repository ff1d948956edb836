//! Recorded answers, byte for byte those of the other hosts.

use host_conformance::tape;
use wasi_conformance::WasiHost;

#[tokio::test(start_paused = true)]
async fn every_tape_plays_over_files() {
    tape::play_all(WasiHost::new).await;
}
