//! Lists: pages, filters, orders, exports.

use serde_json::{Value, json};

use super::harness::{Script, Surface};

fn many(surface: &Surface, count: usize) {
    for n in 0..count {
        let body = format!(r#"{{"interval_sec":{},"tags":["t{}"]}}"#, 60 + n * 7, n % 3);
        surface.post(&format!("tenant-{n:03}"), "schedule", &body).is(200);
    }
}

fn walk(surface: &Surface, query: &str, mut between: impl FnMut(usize)) -> Vec<String> {
    let (mut names, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = surface.call("GET", &format!("schedules?{query}{cursor}"), &[], "").is(200).json();
        let rows = page["schedules"].as_array().unwrap();
        names.extend(rows.iter().map(|row| row["tenant"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_cursor"].as_str() else { return names };
        cursor = format!("&cursor={next}");
        between(pages);
        pages += 1;
    }
}

#[test]
fn a_walk_during_edits_repeats_and_skips_nothing() {
    let surface = Surface::open();
    many(&surface, 40);
    surface.call("POST", "/ops/tick", &[], "").is(200);
    let all: Vec<_> = (0..40).map(|n| format!("tenant-{n:03}")).collect();

    assert_eq!(walk(&surface, "limit=7", |_| ()), all);
    for sort in ["tenant", "next_run", "last_run"] {
        surface.pass(1);
        let names = walk(&surface, &format!("limit=7&sort={sort}"), |page| {
            surface.pass(1);
            surface.post("tenant-003", if page % 2 == 0 { "pause" } else { "resume" }, "").is(200);
            surface.post(&format!("aaa-{sort}-{page}").replace('_', "-"), "schedule", "").is(200);
        });
        let mut untouched: Vec<_> = names
            .iter()
            .filter(|name| name.starts_with("tenant") && *name != "tenant-003")
            .cloned()
            .collect();
        untouched.sort();
        let expected: Vec<_> = all.iter().filter(|name| *name != "tenant-003").cloned().collect();
        assert_eq!(untouched, expected, "{sort}");
    }
}

#[test]
fn lists_are_filtered_and_counted() {
    let surface = Surface::open();
    many(&surface, 9);
    surface.post("tenant-000", "pause", "").is(200);
    surface.post("tenant-001", "run-now", "").is(200);
    surface.script(Script::Fail);
    surface.post("tenant-002", "run-now", "").is(502);
    let names = |query: &str| walk(&surface, query, |_| ());

    assert_eq!(names("state=paused"), ["tenant-000"]);
    assert_eq!(names("state=ok"), ["tenant-001"]);
    assert_eq!(names("state=error,paused"), ["tenant-000", "tenant-002"]);
    assert_eq!(names("tag=t1"), ["tenant-001", "tenant-004", "tenant-007"]);
    assert_eq!(names("q=-00&tag=t0&limit=2"), ["tenant-000", "tenant-003", "tenant-006"]);
    assert_eq!(names("tenant=tenant-005"), ["tenant-005"]);
    assert!(names("tenant=absent").is_empty());
    let body = surface.call("GET", "schedule/status", &[], "").is(200).json();
    let counts = json!({"total":9,"ok":1,"error":1,"paused":1,"running":0,"backoff":0,"broken":0,"never":6});
    assert_eq!(body["counts"], counts);
    let again = surface.call("GET", "schedules?limit=1", &[], "").is(200).json();
    assert_eq!(again["counts"], counts);
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=1e3", "limit"),
        ("limit=-1", "limit"),
        ("sort=colour", "sort"),
        ("state=sad", "state"),
    ] {
        assert_eq!(
            surface.call("GET", &format!("schedules?{query}"), &[], "").is(422).json()["field"],
            field
        );
    }
    for list in ["schedules", "schedule/status", "runs", "audit"] {
        for cursor in ["x", "%00", "AAAA", "dGVuYW50fHg", &"A".repeat(2000)] {
            let answer = surface.call("GET", &format!("{list}?cursor={cursor}"), &[], "").is(400);
            assert_eq!(answer.code(), "cursor_invalid", "{list} {cursor}");
        }
    }
    let next = surface.call("GET", "schedules?limit=1", &[], "").json()["next_cursor"].clone();
    let other = format!("schedules?sort=next_run&cursor={}", next.as_str().unwrap());
    assert_eq!(surface.call("GET", &other, &[], "").is(400).code(), "cursor_invalid");
    assert_eq!(surface.call("GET", "schedules?tenant=UPPER", &[], "").is(400).code(), "tenant_invalid");
}

#[test]
fn the_original_map_counts_down_and_the_new_list_stands_still() {
    let surface = Surface::open();
    surface.post("peakpro", "schedule", "").is(200);
    surface.post("resting", "schedule", "").is(200);
    surface.post("resting", "pause", "").is(200);
    surface.post("peakpro", "run-now", "").is(200);
    surface.call("POST", "/ops/tick", &[], "").is(200);

    let status = surface.call("GET", "schedule/status", &[], "").is(200);
    assert_eq!(status.header("cache-control"), "no-store");
    let body = status.json();
    let one = &body["schedules"]["peakpro"];
    for field in
        ["interval_sec", "paused", "last_run", "last_run_iso", "next_run", "next_run_iso", "revision"]
    {
        assert!(!one[field].is_null(), "{field}");
    }
    assert_eq!(one["last_status"]["ok"], true);
    assert!(one["next_run_in_sec"].as_f64().unwrap() > 0.0);
    assert_eq!(body["schedules"]["resting"]["next_run_in_sec"], Value::Null);
    surface.pass(3600);
    let later = surface.call("GET", "schedule/status?tenant=peakpro", &[], "").json();
    assert_eq!(later["schedules"]["peakpro"]["next_run_in_sec"], 0);
    assert_eq!(later["counts"]["total"], 1);

    let list = surface.call("GET", "schedules", &[], "").is(200);
    assert!(!list.text.contains("next_run_in_sec"));
    let tag = list.header("etag").to_owned();
    assert!(tag.starts_with("W/\"v"), "{tag}");
    surface.pass(1);
    let idle = surface.call("GET", "schedules", &[("if-none-match", &tag)], "").is(304);
    assert_eq!((idle.text.as_str(), idle.header("etag")), ("", &*tag));
    assert_ne!(surface.call("GET", "schedules?q=p", &[], "").header("etag"), tag);
    surface.post("peakpro", "pause", "").is(200);
    surface.call("GET", "schedules", &[("if-none-match", &tag)], "").is(200);
}

#[test]
fn the_audit_trail_says_who_did_what_and_is_whole() {
    let surface = Surface::open();
    let headers = [("x-tenant", "a"), ("x-client", "ui"), ("x-request-id", "req-1")];
    surface.call("POST", "schedule", &headers, "").is(200);
    for n in 0..7 {
        // Entries of one millisecond have no order of their own.
        surface.pass(1);
        surface.post("a", if n % 2 == 0 { "pause" } else { "resume" }, r#"{}"#).is(200);
    }

    let first = surface.call("GET", "audit?limit=3", &[], "").is(200).json();
    assert_eq!(first["total"], 8);
    assert_eq!(first["audit"][0]["operation"], "pause");
    let next = first["next_cursor"].as_str().unwrap();
    let second = surface.call("GET", &format!("audit?limit=3&cursor={next}"), &[], "").is(200).json();
    assert_ne!(first["audit"][2]["id"], second["audit"][0]["id"]);
    let made = surface.call("GET", "audit?operation=schedule", &[], "").is(200).json();
    assert_eq!(
        (&made["audit"][0]["source"], &made["audit"][0]["request_id"]),
        (&json!("ui"), &json!("req-1"))
    );
    assert_eq!((&made["audit"][0]["actor"], &made["audit"][0]["role"]), (&json!("local"), &json!("admin")));
    assert_eq!(made["audit"][0]["after"]["interval_sec"], 300);
    assert_eq!(surface.call("GET", "audit?actor=nobody", &[], "").json()["total"], 0);
    surface.call("GET", "audit?operation=dance", &[], "").is(422);
    let verdict = surface.call("GET", "/api/audit/verify", &[], "").is(200).json();
    assert_eq!(
        (&verdict["valid"], &verdict["entries"], &verdict["broken"]),
        (&json!(true), &json!(8), &Value::Null)
    );
}

#[test]
fn exports_hold_everything_and_no_formula() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    surface.post("a", "pause", r#"{"reason":"=HYPERLINK(\"http://evil\")"}"#).is(200);
    surface.call("POST", "resume", &[("x-tenant", "a"), ("x-request-id", "=cmd()|calc")], "").is(200);
    surface.post("a", "run-now", "").is(200);

    let csv = surface.call("GET", "audit/export?format=csv", &[], "").is(200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").starts_with("attachment; filename=\"audit-acculynx-"));
    assert_eq!(csv.text.lines().count(), 5);
    assert!(csv.text.contains("\"'=cmd()|calc\""));
    for line in csv.text.lines() {
        assert!(line.split("\",\"").all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{line}");
    }
    let ndjson = surface.call("GET", "audit/export?format=ndjson&operation=pause", &[], "").is(200);
    assert_eq!(ndjson.text.lines().count(), 1);
    let whole = surface.call("GET", "audit/export?format=json", &[], "").is(200).json();
    assert_eq!((&whole["ok"], whole["audit"].as_array().unwrap().len()), (&json!(true), 4));
    surface.call("GET", "audit/export?format=xml", &[], "").is(422);
    let records = surface.get("a", "records/export?format=csv").is(200);
    assert_eq!(records.text.lines().count(), 3);
    assert_eq!(surface.get("a", "records/export").is(200).text.lines().count(), 2);
    let empty = surface.call("GET", "audit/export?format=json&tenant=nobody", &[], "").is(200).json();
    assert_eq!(empty, json!({ "ok": true, "audit": [] }));
}

#[test]
fn a_long_export_comes_page_by_page_and_whole() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    for n in 0..1100 {
        surface.post("a", if n % 2 == 0 { "pause" } else { "resume" }, "").is(200);
    }

    let whole = surface.call("GET", "audit/export?format=json", &[], "").is(200).json();
    let csv = surface.call("GET", "audit/export", &[], "").is(200);

    assert_eq!(whole["audit"].as_array().unwrap().len(), 1101);
    assert_eq!(csv.text.lines().count(), 1102);
}

#[test]
fn imported_records_are_listed_and_read_one_by_one() {
    let surface = Surface::open();
    surface.post("a", "schedule", "").is(200);
    surface.post("a", "run-now", "").is(200);

    let list = surface.get("a", "records?entity=jobs&limit=1").is(200).json();
    assert_eq!(list["records"][0]["external_id"], "1");
    assert_eq!(list["records"][0]["data"]["name"], "=cmd()");
    let next = list["next_cursor"].as_str().unwrap();
    let rest = surface.get("a", &format!("records?entity=jobs&limit=1&cursor={next}")).is(200).json();
    assert_eq!(rest["records"][0]["external_id"], "a/b c");
    surface.get("a", "records/jobs/1").is(200);
    surface.get("a", "records/jobs/a%2Fb%20c").is(200);
    assert_eq!(surface.get("a", "records/jobs/2").is(404).code(), "record_not_found");
    assert_eq!(surface.get("a", "records?entity=JOBS").is(422).json()["field"], "entity");
    assert_eq!(surface.get("b", "records").is(200).json()["records"], json!([]));
}
