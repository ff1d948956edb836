//! What many cases begin with.

use serde_json::{Value, json};

use crate::ask::{Ask, get, post};
use crate::host::Host;
use crate::{delete, patch, put, until, upstream};

/// Gives a tenant a schedule, which runs at once for the first time.
pub async fn schedule(host: &dyn Host, tenant: &str, interval_sec: u64) -> Value {
    let body = json!({ "interval_sec": interval_sec });
    post("schedule").tenant(tenant).json(body).good(host).await["schedule"].take()
}

/// When a quiet schedule runs.
const NEW_YEAR: &str = "0 0 1 1 *";

/// Gives a tenant a schedule that does not run by itself while a case lasts.
pub async fn quiet(host: &dyn Host, tenant: &str) -> Value {
    let body = json!({ "cron": NEW_YEAR });
    post("schedule").tenant(tenant).json(body).good(host).await["schedule"].take()
}

/// Gives a tenant a schedule with an interval that does not run at once, for it was edited.
pub async fn later(host: &dyn Host, tenant: &str, interval_sec: u64) -> Value {
    quiet(host, tenant).await;
    let body = json!({ "interval_sec": interval_sec });
    patch("schedule").tenant(tenant).json(body).good(host).await["schedule"].take()
}

/// Gives a tenant a connection, and a schedule that does not run by itself while a case lasts.
pub async fn idle(host: &dyn Host, tenant: &str) {
    upstream::connect(host, tenant).await;
    quiet(host, tenant).await;
    post("pause").tenant(tenant).good(host).await;
}

/// Runs a tenant's import and waits for its end; gives the run with its log.
pub async fn run(host: &dyn Host, tenant: &str) -> Value {
    let ask = post("run-now").tenant(tenant).json(json!({ "wait_sec": 30 })).may_fail(502);
    let answer = ask.of(host).await;
    assert!([200, 202, 502].contains(&answer.status), "{answer}");
    let run_id = answer.json()["run_id"].as_str().expect("a run").to_owned();
    ended(host, &run_id).await
}

/// Waits for a run's end; gives it with its log.
pub async fn ended(host: &dyn Host, run_id: &str) -> Value {
    until!(host, "the run's end", {
        let run = get(&format!("runs/{run_id}")).good(host).await["run"].take();
        (run["state"] != "running").then_some(run)
    })
}

/// A tenant's row in `schedule/status`; null when it is not listed.
pub async fn status(host: &dyn Host, tenant: &str) -> Value {
    get("schedule/status").tenant(tenant).good(host).await["schedules"][tenant].take()
}

/// The audit entries that a query finds, newest first.
pub async fn audit(host: &dyn Host, query: &str) -> Vec<Value> {
    list(host, get(&format!("audit?limit=1000&{query}")), "audit").await
}

/// What a list answers under its name.
pub async fn list(host: &dyn Host, ask: Ask, name: &str) -> Vec<Value> {
    let mut body = ask.good(host).await;
    body[name].as_array_mut().map(std::mem::take).unwrap_or_else(|| panic!("{name} in {body}"))
}

/// A field of every row.
pub fn each(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter()
        .map(|row| row[field].as_str().unwrap_or_else(|| panic!("{field} in {row}")).to_owned())
        .collect()
}

/// All schedules and audit entries but denials: what no refused request may change.
pub async fn everything(host: &dyn Host) -> (Vec<Value>, Vec<Value>) {
    let mut schedules = list(host, get("schedules?limit=1000"), "schedules").await;
    for schedule in &mut schedules {
        // It moves with the clock alone.
        schedule["next_run"].take();
        schedule["next_run_iso"].take();
    }
    let mut entries = audit(host, "").await;
    entries.retain(|entry| entry["operation"] != "denied");
    (schedules, entries)
}

/// Makes a token through the surface; the first one must be an administrator's.
pub async fn token(host: &dyn Host, by: Option<&str>, role: &str, tenants: Value) -> String {
    let body = json!({ "name": format!("{role} of {tenants}"), "role": role, "tenants": tenants });
    let ask = post("/api/tokens").json(body);
    let ask = by.map_or_else(|| ask.clone(), |token| ask.clone().token(token));
    let made = ask.good(host).await;
    made["secret"].as_str().expect("a secret").to_owned()
}

/// A token's public part, and the part that must not be seen.
pub fn parts(token: &str) -> (&str, &str) {
    // The secret part may hold underscores itself.
    let parts = token.strip_prefix("alk_").and_then(|rest| rest.split_once('_'));
    parts.unwrap_or_else(|| panic!("not a token: {} characters", token.len()))
}

/// Every request that changes something about a tenant, each of which succeeds in this order.
pub fn writes(tenant: &str) -> Vec<(&'static str, Ask)> {
    let key = json!({ "api_key": upstream::key_of(tenant) });
    vec![
        ("connection", put("connection").json(key)),
        ("create", post("schedule").json(json!({ "cron": NEW_YEAR }))),
        ("edit", patch("schedule").json(json!({ "note": "first" }))),
        ("pause", post("pause").json(json!({ "reason": "storm" }))),
        ("resume", post("resume").json(json!({}))),
        ("pause again", post("pause")),
        ("run-now", post("run-now").json(json!({ "wait_sec": 30 }))),
        ("test", post("connection/test")),
        ("disconnect", delete("connection")),
        ("delete", delete("schedule")),
    ]
    .into_iter()
    .map(|(name, ask)| (name, ask.tenant(tenant)))
    .collect()
}
