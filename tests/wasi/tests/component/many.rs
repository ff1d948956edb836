//! Eight at once over one directory: ticks and writers, each request in an instance of its own. Everything counts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use bytes::Bytes;
use host_conformance::host::START;
use http::Request;
use puller_acculynx::sandbox::Sandbox;
use scheduler_core::domain::{Scope, Source, Timestamp};
use scheduler_core::ports::{AuditQuery, RunQuery, Store};
use store_files::Files;
use tokio::runtime::Builder;
use wasi_conformance::{Instance, Outcome, SimulatedClock, shared};

const WRITERS: u64 = 5;
const TICKERS: u64 = 3;

/// Requests that each writer makes, and ticks of each ticker.
fn rounds() -> u64 {
    std::env::var("MANY_ROUNDS").map_or(12, |rounds| rounds.parse().expect("a number"))
}

fn on_a_clock<T>(data: &std::path::Path, work: impl AsyncFnOnce(Instance) -> T) -> T {
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let clock = SimulatedClock::at(Timestamp::parse(START).expect("an instant"));
        let upstream = Sandbox::new(shared(clock));
        work(Instance { clock: Some(clock), ..Instance::on(data, upstream) }).await
    })
}

#[test]
fn eight_at_once_lose_no_update() {
    let data = tempfile::tempdir().expect("a directory");
    let (accepted, claimed) = (AtomicU64::new(0), AtomicU64::new(0));

    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (data, accepted) = (data.path(), &accepted);
            scope.spawn(move || {
                on_a_clock(data, async |instance| {
                    for round in 0..rounds() {
                        // Some tenants are everyone's, so that writers meet.
                        let tenant = if round % 3 == 0 { "shared".into() } else { format!("t{writer}") };
                        let name = ["schedule", "pause", "resume"][(round % 3) as usize];
                        let body = Bytes::from(if name == "schedule" {
                            format!(r#"{{"interval_sec":60,"note":"{writer} {round}"}}"#)
                        } else {
                            "{}".to_owned()
                        });
                        let request =
                            Request::post(format!("http://localhost/api/crm/import/acculynx/{name}"))
                                .header("host", "localhost")
                                .header("x-tenant", tenant)
                                .header("content-type", "application/json")
                                .body(body)
                                .expect("a request");
                        let (answer, task) = instance.answer(request).await;
                        let answer = answer.expect("an answer");
                        let changed = !String::from_utf8_lossy(answer.body()).contains(r#""changed":false"#);
                        if answer.status().is_success() && changed {
                            accepted.fetch_add(1, Ordering::SeqCst);
                        }
                        task.await.expect("no panic");
                    }
                });
            });
        }
        for _ in 0..TICKERS {
            let (data, claimed) = (data.path(), &claimed);
            scope.spawn(move || {
                on_a_clock(data, async |instance| {
                    for _ in 0..rounds() {
                        let Outcome::Done(said) = instance.run(&["tick"]).await else {
                            panic!("a tick failed")
                        };
                        let count = said.split([' ', ',']).nth(1).and_then(|count| count.parse().ok());
                        claimed.fetch_add(count.unwrap_or_else(|| panic!("{said}")), Ordering::SeqCst);
                        tokio::time::sleep(std::time::Duration::from_secs(60)).await;
                    }
                });
            });
        }
    });

    let store = Files::open(data.path()).expect("a store");
    let source = Source::parse("acculynx").expect("a source");
    let entries = AuditQuery {
        source: source.clone(),
        scope: Scope::All,
        operation: None,
        actor: Some("local".into()),
        since: None,
        until: None,
        cursor: None,
        limit: 100_000,
    };
    let runs = RunQuery {
        source,
        scope: Scope::All,
        state: None,
        trigger: None,
        since: None,
        until: None,
        cursor: None,
        limit: 100_000,
    };
    let (entries, runs) = futures::executor::block_on(async {
        (store.audit(&entries).await.expect("entries").rows, store.runs(&runs).await.expect("runs").rows)
    });
    let version = futures::executor::block_on(store.version()).expect("a version");
    println!("{} commands and {} runs in {version} commits", entries.len(), runs.len());
    assert_eq!(entries.len() as u64, accepted.load(Ordering::SeqCst), "commands that were accepted");
    assert_eq!(runs.len() as u64, claimed.load(Ordering::SeqCst), "runs that were started");
    assert!(runs.len() > 1 && entries.len() > 10);
}
