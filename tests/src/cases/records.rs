//! What is imported: all of it, once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::setup::{each, idle, list, run, token};
use crate::host::Host;
use crate::upstream::JOBS;
use crate::{get, upstream};

/// Every record of a kind, with walks over pages of seven.
async fn records(host: &dyn Host, query: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("records?limit=7&{query}{cursor}");
        let body = get(&path).tenant("peakpro").good(host).await;
        rows.extend(body["records"].as_array().expect("rows").iter().cloned());
        let Some(next) = body["next_cursor"].as_str() else { return rows };
        cursor = format!("&cursor={next}");
    }
}

/// Both populations of jobs, dead leads and contacts are there after a sweep, none twice.
pub async fn a_sweep_brings_every_job_and_contact_once(host: &dyn Host) {
    idle(host, "peakpro").await;

    let run = run(host, "peakpro").await;

    let (jobs, contacts) = host.upstream().ids("peakpro");
    assert_eq!((jobs.len(), contacts.len()), (JOBS, JOBS.div_ceil(2)));
    for (entity, expected) in [("jobs", &jobs), ("contacts", &contacts)] {
        let found = each(&records(host, &format!("entity={entity}")).await, "external_id");
        let distinct: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(found.len(), distinct.len(), "{entity} come twice");
        assert_eq!(distinct, expected.iter().cloned().collect(), "{entity}");
    }
    let mut unassigned_and_dead = (0, 0);
    host.upstream().change("peakpro", |location| {
        unassigned_and_dead.0 = location.jobs.iter().filter(|job| !job.assigned).count();
        unassigned_and_dead.1 = location.jobs.iter().filter(|job| job.milestone == "Dead").count();
    });
    assert!(unassigned_and_dead.0 > 0 && unassigned_and_dead.1 > 0, "{unassigned_and_dead:?}");
    let all = records(host, "").await;
    assert_eq!(run["stats"]["created"], all.len(), "{run}");
    assert_eq!(run["stats"]["imported"], all.len(), "{run}");
}

/// The second run imports nothing, and what changed meanwhile is what the third imports.
pub async fn a_second_run_imports_what_has_changed(host: &dyn Host) {
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    let before = records(host, "").await;

    let second = run(host, "peakpro").await;
    assert_eq!(second["stats"]["imported"], 0, "{second}");
    assert!(second["stats"]["skipped"].as_u64() > Some(0), "{second}");
    assert_eq!(records(host, "").await, before, "nothing is touched");

    host.pass(Duration::from_millis(50)).await;
    let since = host.now().iso();
    let now = host.upstream().now();
    let mut added = String::new();
    host.upstream().change("peakpro", |location| {
        location.edit_job(0, now);
        added = location.add_job(now, true);
    });
    let edited = host.upstream().ids("peakpro").0.len();
    let third = run(host, "peakpro").await;
    assert!(third["stats"]["created"].as_u64() >= Some(1), "{third}");
    assert!(third["stats"]["updated"].as_u64() >= Some(1), "{third}");
    assert_eq!(records(host, "entity=jobs").await.len(), edited);
    let changed = each(&records(host, &format!("entity=jobs&changed_since={since}")).await, "external_id");
    assert!(changed.len() == 2 && changed.contains(&added), "{changed:?}");
}

/// What is gone upstream stays, marked as gone; what comes back is not gone any more.
pub async fn what_is_gone_upstream_is_marked(host: &dyn Host) {
    crate::needs!(host, simulated_time);
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    let mut lost = None;
    host.upstream().change("peakpro", |location| lost = Some(location.jobs.remove(1)));
    let lost = lost.expect("a job");

    host.pass(Duration::from_secs(8 * 24 * 3600)).await;
    let second = run(host, "peakpro").await;

    assert!(second["stats"]["gone"].as_u64() >= Some(1), "{second}");
    let path = format!("records/jobs/{}", lost.id);
    assert_eq!(get(&path).tenant("peakpro").good(host).await["record"]["gone"], true);
    host.upstream().change("peakpro", |location| location.jobs.insert(1, lost.clone()));
    host.pass(Duration::from_secs(8 * 24 * 3600)).await;
    run(host, "peakpro").await;
    assert_eq!(get(&path).tenant("peakpro").good(host).await["record"]["gone"], false);
}

/// A record has the fields of the contract, in a list and alone.
pub async fn a_record_has_the_fields_of_the_contract(host: &dyn Host) {
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    let rows = list(host, get("records?entity=jobs&limit=1").tenant("peakpro"), "records").await;
    let row = &rows[0];
    for (name, fits) in [
        ("entity", row["entity"] == "jobs"),
        ("external_id", row["external_id"].is_string()),
        ("modified", row["modified"].is_f64()),
        ("imported_at", row["imported_at"].is_f64()),
        ("gone", row["gone"] == false),
        ("data", row["data"]["id"] == row["external_id"]),
    ] {
        assert!(fits, "{name} in {row}");
    }
    let id = row["external_id"].as_str().expect("an id");
    let alone = get(&format!("records/jobs/{id}")).tenant("peakpro").good(host).await;
    assert_eq!(&alone["record"], row);
    for path in ["records/jobs/nothing", "records/nothing/1", "records/jobs/%2e%2e", "records/jobs/%00"] {
        get(path).tenant("peakpro").refused(host, 404, "record_not_found").await;
    }
    get(&format!("records/jobs/{id}")).tenant("summit").refused(host, 404, "record_not_found").await;
    for (query, field) in [("entity=A%20B", "entity"), ("changed_since=x", "changed_since")] {
        let refused =
            get(&format!("records?{query}")).tenant("peakpro").refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], field);
    }
}

/// Exports hold as many records as the list, whatever the format.
pub async fn exports_hold_what_the_list_holds(host: &dyn Host) {
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    for entity in ["jobs", "contacts", ""] {
        let count = records(host, &format!("entity={entity}")).await.len();
        let ndjson = get(&format!("records/export?format=ndjson&entity={entity}")).tenant("peakpro");
        let ndjson = ndjson.of(host).await;
        assert_eq!(ndjson.header("content-type"), "application/x-ndjson");
        let disposition = ndjson.header("content-disposition");
        assert!(disposition.starts_with("attachment; filename=\"") && disposition.contains("peakpro"));
        let lines: Vec<Value> =
            ndjson.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), count, "{entity}");

        let csv = get(&format!("records/export?format=csv&entity={entity}")).tenant("peakpro").of(host).await;
        assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
        assert!(csv.header("content-disposition").ends_with(".csv\""));
        assert_eq!(rows(csv.text()).len(), count + 1, "{entity}");
    }
    let refused = get("records/export?format=xml").tenant("peakpro");
    assert_eq!(refused.refused(host, 422, "field_invalid").await["field"], "format");
}

/// No cell of a table begins a formula.
pub async fn no_cell_begins_a_formula(host: &dyn Host) {
    idle(host, "peakpro").await;
    for reason in ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\"quoted\", and not"] {
        let ask = crate::post("pause").tenant("peakpro").header("x-request-id", "=1+1");
        ask.json(json!({ "reason": reason })).good(host).await;
    }
    run(host, "peakpro").await;
    for path in ["audit/export?format=csv", "records/export?format=csv"] {
        let answer = get(path).tenant("peakpro").of(host).await;
        let table = rows(answer.text());
        let width = table[0].len();
        for row in &table {
            assert_eq!(row.len(), width, "{row:?}");
            for cell in row {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell}");
            }
        }
    }
    let audit = get("audit/export?format=csv").of(host).await;
    assert!(audit.text().contains("'=1+1"), "{audit}");
}

/// The audit's exports hold what its list holds, in each format.
pub async fn audit_exports_hold_what_the_list_holds(host: &dyn Host) {
    idle(host, "peakpro").await;
    for _ in 0..3 {
        crate::post("pause").tenant("peakpro").good(host).await;
    }
    for filter in ["", "&operation=pause", "&tenant=nobody"] {
        let total =
            get(&format!("audit?limit=1{filter}")).good(host).await["total"].as_u64().expect("a number");
        let total = usize::try_from(total).expect("a few");
        let json = get(&format!("audit/export?format=json{filter}")).good(host).await;
        assert_eq!(json["audit"].as_array().expect("entries").len(), total);
        let ndjson = get(&format!("audit/export?format=ndjson{filter}")).of(host).await;
        assert_eq!(ndjson.text().lines().count(), total);
        let csv = get(&format!("audit/export?format=csv{filter}")).of(host).await;
        assert_eq!(rows(csv.text()).len(), total + 1);
    }
    assert_eq!(get("audit/export?format=x").refused(host, 422, "field_invalid").await["field"], "format");
}

/// Records belong to their tenant.
pub async fn records_belong_to_their_tenant(host: &dyn Host) {
    idle(host, "peakpro").await;
    run(host, "peakpro").await;
    upstream::connect_with(host, "summit", 2).await;
    super::setup::quiet(host, "summit").await;
    run(host, "summit").await;
    let (jobs, _) = host.upstream().ids("summit");
    let admin = token(host, host.admin(), "admin", json!("*")).await;
    let reader = token(host, Some(&admin), "viewer", json!(["summit"])).await;

    // A token for one tenant may leave the header out.
    let own = list(host, get("records?entity=jobs").token(&reader), "records").await;
    assert_eq!(each(&own, "external_id"), jobs);
    for path in ["records", "records/export", "records/jobs/x"] {
        get(path).tenant("peakpro").token(&reader).refused(host, 404, "schedule_not_found").await;
    }
}

/// Reads a table as RFC 4180 writes it.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => cell.push(c),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted, "the last line does not end");
    rows
}
