//! Lists: walks over pages, limits, cursors, filters, orders.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::setup::{each, idle, later, list, quiet, run};
use crate::host::Host;
use crate::{delete, get, patch, post, upstream};

/// Every list that pages, with what it calls its rows.
const LISTS: [(&str, &str); 5] = [
    ("schedules", "schedules"),
    ("runs", "runs"),
    ("audit", "audit"),
    ("records", "records"),
    ("occurrences", "occurrences"),
];

fn paged(path: &str, limit: usize, cursor: Option<&str>) -> String {
    let join = if path.contains('?') { '&' } else { '?' };
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("{path}{join}limit={limit}{cursor}")
}

/// Walks a list to its end, with something done between the pages.
async fn walk(
    host: &dyn Host,
    path: &str,
    name: &str,
    limit: usize,
    mut between: impl AsyncFnMut(usize),
) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), None::<String>);
    for page in 0..500 {
        let ask = get(&paged(path, limit, cursor.as_deref())).tenant("peakpro");
        let mut body = ask.good(host).await;
        let found = body[name].as_array_mut().map(std::mem::take).expect("rows");
        assert!(found.len() <= limit, "{path}");
        rows.extend(found);
        match body["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return rows,
        }
        between(page).await;
    }
    panic!("{path} never ends");
}

/// Tenants that nothing touches show exactly once on a walk, whatever happens to the others.
pub async fn a_walk_over_schedules_during_edits_repeats_and_skips_nothing(host: &dyn Host) {
    for number in 0..30 {
        later(host, &format!("t{number:02}"), 3600 + number).await;
        if number % 3 == 0 {
            post("pause").tenant(&format!("t{number:02}")).good(host).await;
        }
    }
    for sort in ["tenant", "-tenant", "next_run", "last_run", "state", "failures"] {
        let mut made = Vec::new();
        let rows = walk(host, &format!("schedules?sort={sort}"), "schedules", 4, async |page| {
            // Even tenants are left alone.
            let name = format!("t{:02}", (page * 4 + 1) % 30);
            patch("schedule").tenant(&name).json(json!({ "interval_sec": 60 + page })).good(host).await;
            let name = format!("x{}{page}", sort.replace('_', "-"));
            later(host, &name, 900).await;
            made.push(name);
        })
        .await;
        let untouched =
            |name: &&String| name.starts_with('t') && name[1..].parse::<u32>().is_ok_and(|n| n % 2 == 0);
        let seen: Vec<_> = each(&rows, "tenant").iter().filter(untouched).cloned().collect();
        let distinct: BTreeSet<_> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (15, 15), "{sort}: {seen:?}");
        for name in made {
            delete("schedule").tenant(&name).good(host).await;
        }
    }
}

/// The original's map pages too, and holds every tenant when it is not asked to.
pub async fn the_map_holds_every_tenant_and_pages(host: &dyn Host) {
    for number in 0..75 {
        quiet(host, &format!("t{number:02}")).await;
    }
    let all = get("schedule/status").good(host).await;
    assert_eq!(all["schedules"].as_object().expect("a map").len(), 75);
    assert_eq!((&all["counts"]["total"], &all["next_cursor"]), (&json!(75), &Value::Null));

    let (mut seen, mut cursor) = (BTreeSet::new(), None::<String>);
    loop {
        let page = get(&paged("schedule/status", 10, cursor.as_deref())).good(host).await;
        let names = page["schedules"].as_object().expect("a map").keys().cloned();
        assert!(names.into_iter().all(|name| seen.insert(name)), "{page}");
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = Some(next.to_owned());
    }
    assert_eq!(seen.len(), 75);
}

/// Runs, entries and records that were there when a walk began show once, though more come meanwhile.
pub async fn walks_over_history_repeat_and_skip_nothing(host: &dyn Host) {
    idle(host, "peakpro").await;
    for _ in 0..5 {
        run(host, "peakpro").await;
    }
    for (path, name, id) in [
        ("runs", "runs", "run_id"),
        ("audit", "audit", "id"),
        ("records?entity=jobs", "records", "external_id"),
    ] {
        let before = each(&list(host, get(&paged(path, 1000, None)).tenant("peakpro"), name).await, id);
        assert!(before.len() >= 5, "{path}: {}", before.len());
        let rows = walk(host, path, name, 2, async |page| {
            if page < 3 {
                run(host, "peakpro").await;
            }
        })
        .await;
        let seen = each(&rows, id);
        for id in &before {
            assert_eq!(seen.iter().filter(|seen| *seen == id).count(), 1, "{id} in {path}");
        }
    }
}

/// Limits outside the bounds, and cursors that are none, are refused on every list.
pub async fn limits_and_cursors_are_checked_on_every_list(host: &dyn Host) {
    idle(host, "peakpro").await;
    for number in 0..3 {
        quiet(host, &format!("t{number}")).await;
        run(host, "peakpro").await;
    }
    let cursor = get("audit?limit=1").tenant("peakpro").good(host).await["next_cursor"].clone();
    let cursor = cursor.as_str().expect("a cursor");
    let foreign = get("schedules?limit=1").good(host).await["next_cursor"].clone();
    let foreign = foreign.as_str().expect("a cursor");
    for (path, name) in LISTS {
        for wrong in ["0", "1001", "-1", "x", "1.5", "1e3", "99999999999999999999"] {
            let ask = get(&format!("{path}?limit={wrong}")).tenant("peakpro");
            assert_eq!(ask.refused(host, 422, "field_invalid").await["field"], "limit", "{path} {wrong}");
        }
        for fine in [1, 1000] {
            let rows = list(host, get(&paged(path, fine, None)).tenant("peakpro"), name).await;
            assert!(rows.len() <= fine, "{path}");
        }
        let other = if path == "audit" { foreign } else { cursor };
        let long = "A".repeat(1500);
        for wrong in ["x", "%00", "AAAA", "..%2F..", "%F0%9F%92%A9", "null", &long, other] {
            let ask = get(&format!("{path}?cursor={wrong}")).tenant("peakpro");
            ask.refused(host, 400, "cursor_invalid").await;
        }
    }
}

/// Filters pick what they say, and nothing else; unknown words are named.
pub async fn filters_pick_what_they_say(host: &dyn Host) {
    upstream::connect_with(host, "alpha", 1).await;
    upstream::connect_with(host, "beta", 1).await;
    let tagged = json!({ "cron": "0 0 1 1 *", "tags": ["north"], "note": "Big Storm" });
    post("schedule").tenant("alpha").json(tagged).good(host).await;
    quiet(host, "beta").await;
    quiet(host, "gamma").await;
    later(host, "delta", 900).await;
    run(host, "alpha").await;
    run(host, "gamma").await;
    post("pause").tenant("beta").good(host).await;

    for (query, expected) in [
        ("", &["alpha", "beta", "delta", "gamma"][..]),
        ("tenant=beta", &["beta"]),
        ("tenant=nobody", &[]),
        ("q=ALP", &["alpha"]),
        ("q=storm", &["alpha"]),
        ("q=a", &["alpha", "beta", "delta", "gamma"]),
        ("tag=north", &["alpha"]),
        ("tag=south,north", &["alpha"]),
        ("tag=south", &[]),
        ("state=paused", &["beta"]),
        ("state=ok", &["alpha"]),
        ("state=ok,paused", &["alpha", "beta"]),
        ("state=running", &[]),
        ("state=ok&tag=north&q=a", &["alpha"]),
        ("state=paused&tag=north", &[]),
        ("interval_sec=900", &["delta"]),
        ("interval_sec=60,900", &["delta"]),
        ("interval_sec=60", &[]),
        ("interval_sec=900&state=paused", &[]),
        ("overdue=true", &[]),
        ("overdue=false&q=beta", &["beta"]),
        ("unknown=1", &["alpha", "beta", "delta", "gamma"]),
    ] {
        let rows = list(host, get(&format!("schedules?{query}")), "schedules").await;
        assert_eq!(each(&rows, "tenant"), expected, "{query}");
        let first = get(&format!("schedules?limit=1&{query}")).good(host).await;
        assert_eq!(first["matched"], expected.len(), "{query} {first}");
        let map = get(&format!("schedule/status?{query}")).good(host).await;
        let names: Vec<_> = map["schedules"].as_object().expect("a map").keys().cloned().collect();
        assert_eq!(names, expected, "{query}");
    }
    for (query, field) in [
        ("state=x", "state"),
        ("sort=x", "sort"),
        ("sort=--tenant", "sort"),
        ("state=ok,x", "state"),
        ("interval_sec=x", "interval_sec"),
        ("overdue=x", "overdue"),
    ] {
        let refused = get(&format!("schedules?{query}")).refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], field);
    }
    get("schedules?tenant=A%20B").refused(host, 400, "tenant_invalid").await;
}

/// Orders are what they say: soonest next run first, latest last run first, those without one last.
pub async fn orders_are_what_they_say(host: &dyn Host) {
    for (number, tenant) in ["alpha", "beta", "gamma", "delta"].into_iter().enumerate() {
        upstream::connect_with(host, tenant, 1).await;
        later(host, tenant, 604_800 - 1000 * number as u64).await;
    }
    run(host, "gamma").await;
    run(host, "alpha").await;
    post("pause").tenant("beta").good(host).await;

    let sorted = async |sort: &str| list(host, get(&format!("schedules?sort={sort}")), "schedules").await;
    assert_eq!(each(&sorted("tenant").await, "tenant"), ["alpha", "beta", "delta", "gamma"]);
    assert_eq!(each(&sorted("last_run").await, "tenant"), ["alpha", "gamma", "beta", "delta"]);
    assert_eq!(each(&sorted("-tenant").await, "tenant"), ["gamma", "delta", "beta", "alpha"]);
    assert_eq!(each(&sorted("-last_run").await, "tenant"), ["gamma", "alpha", "beta", "delta"]);
    assert_eq!(each(&sorted("state").await, "tenant"), ["delta", "alpha", "gamma", "beta"]);
    assert_eq!(each(&sorted("-state").await, "tenant"), ["beta", "alpha", "gamma", "delta"]);
    assert_eq!(each(&sorted("failures").await, "tenant"), ["alpha", "beta", "delta", "gamma"]);
    let rows = sorted("next_run").await;
    let next: Vec<_> = rows.iter().map(|row| row["next_run"].as_f64().unwrap_or(f64::INFINITY)).collect();
    assert!(next.is_sorted() && rows[3]["tenant"] == "beta", "{next:?}");
}

/// The filters of runs and of the audit pick what they say.
pub async fn history_is_filtered_by_its_fields(host: &dyn Host) {
    idle(host, "alpha").await;
    idle(host, "beta").await;
    run(host, "alpha").await;
    let middle = host.now().iso();
    host.pass(std::time::Duration::from_millis(20)).await;
    run(host, "beta").await;

    for (query, expected) in [
        ("", &["beta", "alpha"][..]),
        ("tenant=alpha", &["alpha"]),
        ("tenant=nobody", &[]),
        ("state=succeeded", &["beta", "alpha"]),
        ("state=failed", &[]),
        ("trigger=manual", &["beta", "alpha"]),
        ("trigger=schedule", &[]),
        (&format!("since={middle}"), &["beta"]),
        (&format!("until={middle}"), &["alpha"]),
        ("since=2100-01-01T00:00:00Z", &[]),
        ("since=946684800", &["beta", "alpha"]),
    ] {
        let rows = list(host, get(&format!("runs?{query}")), "runs").await;
        assert_eq!(each(&rows, "tenant"), expected, "{query}");
    }
    for (query, expected) in [
        ("operation=run-now", &["beta", "alpha"][..]),
        ("operation=run-now&tenant=alpha", &["alpha"]),
        ("operation=run-now&actor=nobody", &[]),
        (&format!("operation=run-now&since={middle}"), &["beta"]),
        (&format!("operation=run-now&until={middle}"), &["alpha"]),
    ] {
        let answer = get(&format!("audit?{query}")).good(host).await;
        assert_eq!(each(answer["audit"].as_array().expect("entries"), "tenant"), expected, "{query}");
        assert_eq!(answer["total"], expected.len(), "{query}");
    }
    for (path, field) in [
        ("runs?state=x", "state"),
        ("runs?trigger=x", "trigger"),
        ("runs?since=yesterday", "since"),
        ("audit?operation=x", "operation"),
        ("audit?until=1e300", "until"),
    ] {
        assert_eq!(get(path).refused(host, 422, "field_invalid").await["field"], field, "{path}");
    }
}
