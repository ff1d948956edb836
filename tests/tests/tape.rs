//! Recorded answers, byte for byte, on every host with a clock that can be moved.

use host_conformance::{in_process, tape};

#[tokio::test]
async fn over_the_store_in_memory() {
    tape::play_all(in_process::memory).await;
}

#[tokio::test]
async fn over_a_sqlite_file() {
    tape::play_all(in_process::sqlite).await;
}

#[tokio::test]
async fn behind_the_events_of_the_serverless_host() {
    tape::play_all(in_process::serverless).await;
}
