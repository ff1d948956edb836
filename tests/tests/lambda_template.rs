//! The template: AWS's own linters take it, and each role may do what it does, no more.

use std::path::Path;

use host_conformance::cases::setup::{self, idle, writes};
use host_conformance::lambda::{Actions, Lambda, events, tools};
use host_conformance::{Host, delete, get, post, upstream};
use serde_json::json;

const TEMPLATE: &str = include_str!("../../host-lambda/template.yaml");

/// What `provided.al2023` has.
const GLIBC: (u32, u32) = (2, 34);

#[test]
fn the_binary_asks_for_no_newer_glibc() {
    let program = std::fs::read(host_conformance::lambda::bootstrap()).expect("the program");
    // Versions of symbols stand in the file as text.
    let text = String::from_utf8_lossy(&program);
    let versions = text.split("GLIBC_").skip(1).filter_map(|rest| {
        let version = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let (major, minor) = version.split_once('.')?;
        Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
    });
    let newest: (u32, u32) = versions.max().expect("a program linked with glibc");
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
        let actions = actions
            .split([' ', '\n'])
            .filter(|word| word.starts_with("dynamodb:") || word.starts_with("sqs:"));
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

async fn runs_twice(host: &Lambda, mut round: impl AsyncFnMut()) {
    for wanted in 1..=2 {
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

/// What a role that runs was seen to do; and what it does once a day, when it looks for records that are gone.
fn running(host: &Lambda, role: &str) -> Actions {
    let mut actions = host.recorders[role].actions();
    actions.insert("dynamodb:Query".into());
    actions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_do_what_it_does_and_no_more() {
    let Some(host) = Lambda::start(&[], false).await else { return };
    operate(&host).await;
    assert_eq!(host.recorders["api"].actions(), allowed("Api"));

    due(&host).await;
    runs_twice(&host, async || drop(host.tick.invoke(events::TICK.into()).await.good())).await;
    assert_eq!(running(&host, "tick"), allowed("Tick"));

    let Some(host) = Lambda::start(&[], true).await else { return };
    due(&host).await;
    runs_twice(&host, async || {
        host.tick.invoke(events::TICK.into()).await.good();
        host.drain().await;
    })
    .await;
    assert!(host.queue.as_ref().is_some_and(|queue| queue.sent() > 0));
    let mut handing = host.recorders["tick"].actions();
    handing.insert("sqs:SendMessage".into());
    assert_eq!(handing, allowed("HandOver"));
    assert_eq!(running(&host, "worker"), allowed("Worker"));
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
