//! Eight at once over one directory: ticks and writers, each request in an instance of its own. Everything counts.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use host_conformance::host::START;
use host_conformance::upstream::{Upstream, key_of};
use http::Request;
use scheduler_core::conformance::fixtures::{key, source};
use scheduler_core::domain::{RunState, Scope, Timestamp};
use scheduler_core::ports::{AuditQuery, ImportedQuery, ManualClock, Store};
use store_files::Files;
use tokio::runtime::Builder;
use wasi_conformance::{Instance, Outcome, location, runs, slots_add_up};

/// Each writer has a tenant of its own; some commands are for the first one's, so that writers meet.
const WRITERS: [&str; 5] = ["alpha", "beta", "gamma", "delta", "epsilon"];
const TICKERS: usize = 3;

/// How far each command moves the clock by which slots come due: 1,000 rounds are five minutes of slots.
const STEP: Duration = Duration::from_millis(60);

/// Commands that each writer gives; ticks are made meanwhile.
fn rounds() -> usize {
    std::env::var("MANY_ROUNDS").map_or(1_000, |rounds| rounds.parse().expect("a number"))
}

#[test]
fn eight_at_once_lose_no_update() {
    let data = tempfile::tempdir().expect("a directory");
    let clock = ManualClock::at(Timestamp::parse(START).expect("an instant"));
    let upstream = Upstream::new(Arc::new(clock.clone()));
    // However busy the machine is, nobody is taken for dead.
    let instance =
        Instance::on(data.path(), upstream.sandbox().clone()).with("COMMAND_CENTER_LEASE_SEC", "3600");
    let instance = Instance { wall_clock: Some(clock.clone()), ..instance };
    let (accepted, claimed) = (&AtomicU64::new(0), &AtomicU64::new(0));
    let count = |done: bool| accepted.fetch_add(u64::from(done), Ordering::SeqCst);
    on_a_thread(async || {
        for tenant in WRITERS {
            upstream.sandbox().add(&key_of(tenant), location(0));
            let connection = format!(r#"{{"api_key":"{}"}}"#, key_of(tenant));
            assert!(command(&instance, "PUT", "connection", tenant, connection).await);
            assert!(command(&instance, "POST", "schedule", tenant, r#"{"interval_sec":1}"#.into()).await);
            count(true);
            count(true);
        }
    });

    thread::scope(|scope| {
        let writing = Arc::new(());
        for writer in WRITERS {
            let (instance, clock, writing) = (&instance, &clock, writing.clone());
            scope.spawn(move || {
                on_a_thread(async || {
                    for round in 0..rounds() {
                        let tenant = if round % 4 == 3 { WRITERS[0] } else { writer };
                        let name = ["schedule", "pause", "resume"][round % 3];
                        let body = if name == "schedule" {
                            format!(r#"{{"interval_sec":1,"note":"{writer} {round}"}}"#)
                        } else {
                            "{}".into()
                        };
                        count(command(instance, "POST", name, tenant, body).await);
                        clock.advance(STEP);
                    }
                });
                drop(writing);
            });
        }
        for _ in 0..TICKERS {
            let (instance, writing) = (&instance, Arc::downgrade(&writing));
            scope.spawn(move || {
                on_a_thread(async || {
                    while writing.strong_count() > 0 {
                        claimed.fetch_add(tick(instance).await, Ordering::SeqCst);
                    }
                });
            });
        }
    });

    on_a_thread(async || {
        for tenant in WRITERS {
            count(command(&instance, "POST", "resume", tenant, "{}".into()).await);
        }
        claimed.fetch_add(tick(&instance).await, Ordering::SeqCst);
        let store = Files::open(data.path()).expect("a store");
        let entries = AuditQuery {
            source: source(),
            scope: Scope::All,
            operation: None,
            actor: None,
            since: None,
            until: None,
            cursor: None,
            limit: 1_000_000,
        };
        let entries = store.audit(&entries).await.expect("entries").rows;
        let by_callers = entries.iter().filter(|entry| entry.actor.as_ref() == "local").count();
        let runs = runs(&store, &key(WRITERS[0]), None).await;
        let started: BTreeSet<_> = runs.iter().map(|run| &run.run_id).collect();
        let (mut slots, mut records) = (0, 0);
        for tenant in WRITERS {
            slots += slots_add_up(&store, &key(tenant), Duration::from_secs(1), Timestamp::MAX).await;
            let all = ImportedQuery {
                key: key(tenant),
                entity: None,
                changed_since: None,
                cursor: None,
                limit: 1_000,
            };
            records += store.imported(&all).await.expect("records").rows.len() as u64;
        }
        let version = store.version().await.expect("a version");
        println!(
            "{by_callers} commands, {} runs, {slots} slots and {records} records in {version} commits",
            runs.len()
        );
        assert_eq!(by_callers as u64, accepted.load(Ordering::SeqCst), "commands that were accepted");
        assert_eq!(runs.len() as u64, claimed.load(Ordering::SeqCst), "runs that were started");
        assert_eq!(started.len(), runs.len(), "a run is there twice");
        assert_eq!(runs.iter().map(|run| run.stats.created).sum::<u64>(), records, "records that were made");
        assert!(runs.iter().all(|run| run.state == RunState::Succeeded), "{runs:?}");
        assert!(runs.len() >= WRITERS.len() && by_callers > 3 * WRITERS.len());
        let passed = STEP * u32::try_from(WRITERS.len() * rounds()).expect("a number");
        assert_eq!(slots, WRITERS.len() as u64 * (1 + passed.as_secs()), "slots that came due");
    });
}

fn on_a_thread<T>(work: impl AsyncFnOnce() -> T) -> T {
    Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(work())
}

/// Runs what is due; how many runs it started.
async fn tick(instance: &Instance) -> u64 {
    let outcome = instance.run(&["tick"]).await;
    let Outcome::Done(said) = outcome else { panic!("{outcome:?}") };
    let count = said.split([' ', ',']).nth(1).and_then(|count| count.parse().ok());
    count.unwrap_or_else(|| panic!("{said}"))
}

/// Gives a command; whether it was accepted.
async fn command(instance: &Instance, method: &str, name: &str, tenant: &str, body: String) -> bool {
    let request =
        Request::builder().method(method).uri(format!("http://localhost/api/crm/import/acculynx/{name}"));
    let request = request.header("host", "localhost").header("x-tenant", tenant);
    let request =
        request.header("content-type", "application/json").body(Bytes::from(body)).expect("a request");
    let (answer, task) = instance.answer(request).await;
    task.await.expect("no panic of the runtime");
    answer.expect("an answer").status().is_success()
}
