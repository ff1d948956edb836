//! Tapes: recorded requests under a clock that is moved by hand, whose answers are the same on every host.
//!
//! A tape is a JSON list of steps: `{"wait_sec": 60}`, or a request with the answer that it got; `"one_process": true`
//! is left out on hosts whose requests share no memory. What each host calls its workers is not compared.
//! `UPDATE_GOLDEN=1` records the answers anew.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::ask::ask;
use crate::host::Host;
use crate::needs;
use crate::upstream::key_of;

/// Headers of an answer that are compared.
const HEADERS: [&str; 12] = [
    "allow",
    "cache-control",
    "content-disposition",
    "content-type",
    "cross-origin-resource-policy",
    "etag",
    "idempotency-replayed",
    "location",
    "referrer-policy",
    "retry-after",
    "x-content-type-options",
    "x-request-id",
];

/// Tenants with a location at the upstream, and how many jobs they have there.
const TENANTS: [(&str, usize); 2] = [("peakpro", 3), ("summit", 1)];

/// The tapes of this crate.
pub fn all() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tape");
    let files = std::fs::read_dir(dir).expect("tapes").map(|file| file.expect("a tape").path());
    let mut tapes: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    tapes.sort();
    tapes
}

/// Plays every tape, each on a host of its own.
pub async fn play_all<H: Host>(fresh: impl AsyncFn() -> H) {
    for tape in all() {
        play(&fresh().await, &tape).await;
    }
}

/// Plays a tape on a fresh host, and compares its answers with those on it.
pub async fn play(host: &dyn Host, tape: &Path) {
    needs!(host, simulated_time);
    let text = std::fs::read_to_string(tape).expect("a tape");
    let steps: Vec<Value> = serde_json::from_str(&text).expect("a list of steps");
    for (tenant, jobs) in TENANTS {
        host.upstream().open(tenant, jobs);
    }
    let name = tape.file_name().unwrap_or_default().to_string_lossy();
    let (mut recorded, mut wrong) = (Vec::new(), Vec::new());
    for (place, step) in steps.into_iter().enumerate() {
        if let Some(seconds) = step["wait_sec"].as_f64() {
            host.pass(Duration::from_secs_f64(seconds)).await;
            recorded.push(step);
            continue;
        }
        if step["one_process"] == true && !host.capabilities().one_process {
            recorded.push(step);
            continue;
        }
        let mut played = step.clone();
        played["answer"] = answer(host, &step, place).await;
        if played["answer"] != step["answer"] {
            wrong.push(format!("{name}, step {place}:\n- {}\n+ {}", step["answer"], played["answer"]));
        }
        recorded.push(played);
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let text = serde_json::to_string_pretty(&recorded).expect("JSON");
        std::fs::write(tape, text + "\n").expect("the tape is written");
        return;
    }
    assert!(wrong.is_empty(), "UPDATE_GOLDEN=1 records anew\n{}", wrong.join("\n"));
}

async fn answer(host: &dyn Host, step: &Value, place: usize) -> Value {
    let text = |name: &str| step[name].as_str().unwrap_or_else(|| panic!("{name} in step {place}"));
    let mut ask = ask(text("method"), text("target")).header("x-request-id", format!("tape-{place}"));
    for (name, value) in step["headers"].as_object().into_iter().flatten() {
        ask = ask.header(name, value.as_str().expect("text"));
    }
    if let Some(body) = step["body"].as_str() {
        // No tape holds a key.
        let body = TENANTS.iter().fold(body.to_owned(), |body, (tenant, _)| {
            body.replace(&format!("<key of {tenant}>"), &key_of(tenant))
        });
        ask = ask.body(body);
    }
    let answer = ask.may_fail(502).of(host).await;
    let shown = HEADERS.iter().filter(|name| answer.headers.contains_key(**name));
    let headers: Map<String, Value> =
        shown.map(|name| ((*name).to_owned(), answer.header(name).into())).collect();
    json!({ "status": answer.status, "headers": headers, "body": same_worker(answer.text()) })
}

/// The text with every worker's name replaced by one.
fn same_worker(text: &str) -> String {
    const WORKER: &str = r#""worker":""#;
    let mut parts = text.split(WORKER);
    let mut same = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('"').expect("a name ends");
        same.extend([WORKER, "local/1", &part[end..]]);
    }
    same
}
