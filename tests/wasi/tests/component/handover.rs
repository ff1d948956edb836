//! One store, driven for a while by the self-hosted binary and then by the component: no slot is lost or doubled.

use std::path::Path;
use std::time::Duration;

use host_conformance::binary::{self, Binary};
use host_conformance::cases::setup::schedule;
use host_conformance::upstream::connect_with;
use host_conformance::{Host, get, until};
use scheduler_core::conformance::fixtures::key;
use scheduler_core::domain::RunState;
use scheduler_core::ports::Store;
use store_files::Files;
use wasi_conformance::{Instance, MASTER_KEY, Outcome, runs, slots_add_up};

const TENANTS: [&str; 2] = ["peakpro", "summit"];
const SECOND: Duration = Duration::from_secs(1);
/// Imports that each host makes before the next one takes over.
const TURN: usize = 4;

async fn native(store: &str) -> Binary {
    Binary::start(false, &[&format!("--store={store}"), &format!("--master-key={MASTER_KEY}")]).await
}

/// Two tenants whose data is wanted every second.
async fn begin(host: &Binary) {
    for tenant in TENANTS {
        connect_with(host, tenant, 1).await;
        schedule(host, tenant, 1).await;
    }
}

fn component(data: &Path, host: &Binary) -> Instance {
    Instance::on(data, host.upstream().sandbox().clone()).with("COMMAND_CENTER_LEASE_SEC", "300")
}

async fn tick(component: &Instance) {
    let outcome = component.run(&["tick"]).await;
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

/// How many imports have succeeded; the component's, or the others.
async fn imports(store: &dyn Store, by_component: bool) -> usize {
    let runs = runs(store, &key("peakpro"), Some(RunState::Succeeded)).await;
    runs.iter().filter(|run| run.worker.starts_with("wasi/") == by_component).count()
}

async fn native_turn(host: &Binary, store: &dyn Store) {
    let before = imports(store, false).await;
    until!(host, "imports by the binary", (imports(store, false).await >= before + TURN).then_some(()));
}

async fn component_turn(host: &Binary, component: &Instance, store: &dyn Store) {
    let before = imports(store, true).await;
    until!(host, "imports by the component", {
        tick(component).await;
        (imports(store, true).await >= before + TURN).then_some(())
    });
}

async fn add_up(host: &Binary, store: &dyn Store) {
    for tenant in TENANTS {
        let slots = slots_add_up(store, &key(tenant), SECOND, host.now()).await;
        println!("{tenant}: {slots} slots");
        assert!(slots >= TURN as u64);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_directory_goes_from_host_to_host_and_serves_both_at_once() {
    let dir = tempfile::tempdir().expect("a directory");
    let host = native(&format!("files:{}", dir.path().display())).await;
    let store = Files::open(dir.path()).expect("a store");
    let component = component(dir.path(), &host);
    begin(&host).await;

    native_turn(&host, &store).await;
    assert_eq!(host.stop().await, Some(0));
    component_turn(&host, &component, &store).await;
    host.boot();
    native_turn(&host, &store).await;
    let both = imports(&store, false).await + imports(&store, true).await;
    until!(host, "imports by both", {
        tick(&component).await;
        (imports(&store, false).await + imports(&store, true).await >= both + 2 * TURN).then_some(())
    });

    let verified = get("/api/audit/verify").good(&host).await;
    assert_eq!(verified["valid"], true, "{verified}");
    assert_eq!(host.stop().await, Some(0));
    add_up(&host, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_migrated_to_the_component_and_back() {
    let dir = tempfile::tempdir().expect("a directory");
    let at = |kind: &str, name: &str| format!("{kind}:{}", dir.path().join(name).display());
    let (first, files) = (at("sqlite", "first.db"), at("files", "files"));
    let host = native(&first).await;
    begin(&host).await;
    until!(host, "imports by the binary", {
        let succeeded = get("runs?state=succeeded").good(&host).await["runs"].as_array().map_or(0, Vec::len);
        (succeeded >= TURN).then_some(())
    });
    assert_eq!(host.stop().await, Some(0));

    migrate(&first, &files).await;
    let store = Files::open(&dir.path().join("files")).expect("a store");
    component_turn(&host, &component(&dir.path().join("files"), &host), &store).await;
    add_up(&host, &store).await;

    let (last, seen) = (at("sqlite", "last.db"), at("files", "seen"));
    migrate(&files, &last).await;
    let ran = imports(&store, false).await;
    let again = native(&last).await;
    for tenant in TENANTS {
        again.upstream().open(tenant, 1);
    }
    until!(again, "imports by the binary", {
        let runs = get("runs?state=succeeded&limit=1000").good(&again).await;
        let runs = runs["runs"].as_array().expect("runs").clone();
        let native =
            runs.iter().filter(|run| !run["worker"].as_str().is_some_and(|name| name.starts_with("wasi/")));
        (native.count() >= ran + TURN).then_some(())
    });
    let verified = get("/api/audit/verify").good(&again).await;
    assert_eq!(verified["valid"], true, "{verified}");
    assert_eq!(again.stop().await, Some(0));
    migrate(&last, &seen).await;
    add_up(&again, &Files::open(&dir.path().join("seen")).expect("a store")).await;
}

async fn migrate(from: &str, to: &str) {
    let output = binary::run(&["migrate", "--from", from, "--to", to]).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
