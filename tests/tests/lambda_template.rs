//! The template: AWS's own linters take it, and each role may do what it does, no more.

use std::path::Path;
use std::sync::Arc;

use dynamodb_local::Local;
use host_conformance::cases::setup::{self, idle, writes};
use host_conformance::lambda::{Actions, KeyService, Lambda, bootstrap, events, newest_glibc, tools};
use host_conformance::{Host, delete, get, post, upstream};
use scheduler_core::domain::{Change, Json, Key, Source, Tenant};
use scheduler_core::machine;
use scheduler_core::ports::{Commit, Store, commit_one};
use serde_json::json;
use store_dynamodb::{DynamoDb, Options};

const TEMPLATE: &str = include_str!("../../host-lambda/template.yaml");

/// What `provided.al2023` has.
const GLIBC: (u32, u32) = (2, 34);

#[test]
fn the_binary_asks_for_no_newer_glibc() {
    let newest = newest_glibc(bootstrap());

    assert!(newest <= GLIBC, "{newest:?}");
}

#[test]
fn the_linters_take_it() {
    for (name, arguments) in [
        ("cfn-lint", &["template.yaml"][..]),
        ("sam", &["validate", "--lint", "--template", "template.yaml", "--region", "us-east-1"]),
    ] {
        let Some(output) = tools::run(name, arguments) else { return };
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {said}");
    }
}

/// The lines of a resource.
fn resource(name: &str) -> Vec<&'static str> {
    let lines = TEMPLATE.lines().skip_while(|line| *line != format!("  {name}:")).skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with("   ")).collect()
}

/// What a function's statements allow, as the recorder writes it.
fn allowed(name: &str) -> Actions {
    let lines = resource(name);
    let policies = lines.iter().position(|line| line.trim() == "Policies:").expect("policies");
    let text = lines[policies..].join("\n");
    let mut allowed = Actions::new();
    for statement in text.split("- Sid:").skip(1) {
        assert!(!statement.contains('*'), "{name} is allowed more than it names: {statement}");
        let (actions, resources) = statement.split_once("Resource:").expect("a resource");
        let actions = actions.split([' ', '\n', ',', '[', ']']);
        let services = ["dynamodb:", "kms:", "sqs:"];
        let actions = actions.filter(|word| services.iter().any(|service| word.starts_with(service)));
        for action in actions {
            let indexes =
                resources.split("/index/").skip(1).map(|rest| rest.split('\'').next().unwrap_or(rest));
            let mut indexes = indexes.map(|index| format!("{action} index/{index}")).peekable();
            match indexes.peek() {
                Some(_) => allowed.extend(indexes),
                None => allowed.extend([action.to_owned()]),
            }
        }
    }
    allowed
}

/// Everything that operators do.
async fn operate(host: &Lambda) {
    upstream::connect(host, "peakpro").await;
    for (_, ask) in writes("summit") {
        host.upstream().open("summit", 1);
        ask.of(host).await;
    }
    idle(host, "evergreen").await;
    for target in [
        "/openapi.json",
        "/metrics",
        "/ops/health",
        "schedules",
        "schedule/status",
        "runs",
        "runs?tenant=evergreen",
        "audit",
        "explain",
        "occurrences",
        "records",
        "records/export?format=csv&entity=jobs",
        "audit/export?format=csv",
        "/api/audit/verify",
        "/api/tokens",
        "connection",
        "schedule/preview?count=2",
    ] {
        get(target).tenant("evergreen").may_fail(502).of(host).await;
    }
    setup::run(host, "evergreen").await;
    host.upstream().change("evergreen", |location| location.jobs.truncate(1));
    setup::run(host, "evergreen").await;
    let select = json!({ "operation": "pause", "select": { "tenants": ["evergreen"] } });
    post("bulk").json(select).key("k1").of(host).await;
    let token = setup::token(host, host.admin(), "viewer", json!("*")).await;
    let (id, _) = setup::parts(&token);
    delete(&format!("/api/tokens/{id}")).good(host).await;
    post("/ops/tick").good(host).await;
}

/// Schedules that run, first with all that is new, then with what has changed and gone.
async fn due(host: &Lambda) {
    upstream::connect_with(host, "northwind", 30).await;
    post("schedule").tenant("northwind").json(json!({ "interval_sec": 1 })).good(host).await;
}

/// Rounds until there were three runs: the first sees all records new, the second that some are gone, the third
/// looks for those that are gone, as it does once a week.
async fn runs_thrice(host: &Lambda, mut round: impl AsyncFnMut()) {
    for wanted in 1..=3 {
        if wanted == 3 {
            forget_the_last_change(host, "northwind").await;
        }
        let mut done = 0;
        for _ in 0..100 {
            round().await;
            let query = "runs?state=succeeded&tenant=northwind";
            done = setup::list(host, get(query), "runs").await.len();
            if done >= wanted {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert!(done >= wanted, "its runs end");
        host.upstream().change("northwind", |location| location.jobs.truncate(20));
    }
}

/// Makes the next run read everything: takes what the last one has noted about changes out of its note.
async fn forget_the_last_change(host: &Lambda, tenant: &str) {
    let client = Local::shared().expect("DynamoDB Local").client();
    let store = DynamoDb::new(client, Options::of(&host.table));
    let key = Key::new(Source::parse("acculynx").expect("a name"), Tenant::parse(tenant).expect("a name"));
    let mut record = (*store.load(&key).await.expect("a table").expect("a record")).clone();
    let expected = record.version;
    record.version += 1;
    let mut schedule = record.schedule.expect("a schedule");
    let mut note = schedule.cursor.expect("a note").value();
    assert!(note["all_jobs"].is_number() || note["all_jobs"].is_string(), "a sweep was noted: {note}");
    note["jobs"].take();
    schedule.cursor = Some(Json::of(&note));
    let due_at = machine::due_at(&schedule, &key);
    record.schedule = Some(schedule);
    let change = Change { expected, due_at, next: Arc::new(record), writes: Vec::new() };
    let told = commit_one(&store, change).await.expect("a table");
    assert!(matches!(told, Commit::Done(_)), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_do_what_it_does_and_no_more() {
    let Some(keys) = KeyService::start() else { return };
    let wrapped = [("COMMAND_CENTER_KMS_KEY", keys.key()), ("AWS_ENDPOINT_URL_KMS", keys.endpoint())];
    let Some(host) = Lambda::start(&wrapped, false).await else { return };
    operate(&host).await;
    assert_eq!(host.recorders["api"].actions(), allowed("Api"));

    due(&host).await;
    runs_thrice(&host, async || drop(host.tick.invoke(events::TICK.into()).await.good())).await;
    assert_eq!(host.recorders["tick"].actions(), allowed("Tick"));

    let Some(host) = Lambda::start(&wrapped, true).await else { return };
    due(&host).await;
    runs_thrice(&host, async || {
        host.tick.invoke(events::TICK.into()).await.good();
        host.drain().await;
    })
    .await;
    assert_eq!(host.recorders["tick"].actions(), allowed("HandOver"));
    assert_eq!(host.recorders["worker"].actions(), allowed("Worker"));
}

#[test]
fn every_variable_that_it_sets_is_one_that_the_host_reads() {
    let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host-lambda/src/settings.rs");
    let settings = std::fs::read_to_string(settings).expect("the settings");
    let names = TEMPLATE.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let ours: Vec<_> =
        names.filter(|name| name.starts_with("COMMAND_CENTER_") || name.starts_with("ACCULYNX_")).collect();
    assert!(ours.len() > 8, "{ours:?}");
    for name in ours {
        assert!(settings.contains(&format!("\"{name}\"")), "{name}");
    }
}
