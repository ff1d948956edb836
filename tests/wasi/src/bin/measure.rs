//! How long an instance and an answer take, beside the native router over the same kind of store.

use std::time::{Duration, Instant};

use bytes::Bytes;
use host_conformance::host::Host;
use host_conformance::{in_process, post};
use http::Request;
use wasi_conformance::WasiHost;

const ROUNDS: usize = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("| GET, one at a time | host | p50 | p99 |\n|---|---|---|---|");
    let native = in_process::sqlite().await;
    show("native router, SQLite", &native).await;
    let component = WasiHost::new().await;
    show("component, an instance for each request, files", &component).await;
}

async fn show(name: &str, host: &dyn Host) {
    for n in 0..20 {
        post("schedule").tenant(&format!("t{n}")).body(r#"{"interval_sec":600}"#).good(host).await;
    }
    for target in ["/ops/ping", "/api/crm/import/acculynx/schedule/status?tenant=t7"] {
        let mut took = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let request = Request::get(format!("http://localhost{target}")).header("host", "localhost");
            let request = request.body(Bytes::new()).expect("a request");
            let began = Instant::now();
            let answer = host.send(request).await;
            took.push(began.elapsed());
            assert!(answer.status().is_success(), "{answer:?}");
        }
        took.sort();
        let at = |share: usize| millis(took[(ROUNDS - 1) * share / 100]);
        println!("| {target} | {name} | {} | {} |", at(50), at(99));
    }
}

fn millis(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1000.0)
}
