//! Records come back as they were committed, and are walked in the order of their tenants.

use std::sync::Arc;

use super::fixtures::{
    all_done, at, cursor, deleted, done, edited, first, first_of, hostile, key, lease, only, other_source,
    refused, source, tenant, then,
};
use crate::domain::{
    AuditHead, Breaker, Bulk, BulkFailure, BulkState, Cadence, Cron, Deed, Disposition, ErrorKind, Filter,
    Key, LastRun, Pause, Record, Retry, Role, Schedule, Source, Spec, State, Stats, Tail, Tenant, Via,
};
use crate::ports::Store;

/// A key that was never written has no record.
pub async fn an_unknown_key_has_no_record(store: &dyn Store) {
    assert!(store.load(&key("nobody")).await.unwrap().is_none());
    assert!(store.scan(&source(), None, 10).await.unwrap().is_empty());
}

/// Every field of a record survives.
pub async fn a_record_comes_back_as_it_was_committed(store: &dyn Store) {
    let change = edited(first("peakpro"), |record| *record = full_record());

    done(store, change.clone()).await;

    assert_eq!(store.load(&key("peakpro")).await.unwrap().as_deref(), Some(&*change.next));
    assert_eq!(store.scan(&source(), None, 1).await.unwrap(), [change.next]);
}

/// Free text in a record survives, whatever it holds.
pub async fn hostile_text_in_a_record_survives(store: &dyn Store) {
    for (place, text) in hostile().into_iter().enumerate() {
        let spec = Spec { note: Some(text.as_str().into()), ..super::fixtures::spec() };
        let change = edited(first(&format!("t{place}")), |record| {
            record.schedule = Some(Schedule { spec: Arc::new(spec), ..super::fixtures::schedule() });
        });

        done(store, change.clone()).await;

        assert_eq!(store.load(&change.next.key).await.unwrap(), Some(change.next));
    }
}

/// Names of the greatest length, with every sign that the grammar allows, are names like others.
pub async fn names_at_their_longest_are_kept(store: &dyn Store) {
    let long =
        Key::new(Source::parse(&"s_-0".repeat(8)).unwrap(), Tenant::parse(&"0az.b_-9".repeat(8)).unwrap());

    done(store, first_of(long.clone())).await;

    assert_eq!(store.load(&long).await.unwrap().map(|record| record.key.clone()), Some(long.clone()));
    assert_eq!(store.scan(&long.source, None, 9).await.unwrap().len(), 1);
}

/// One tenant at two sources has two records.
pub async fn records_of_two_sources_do_not_meet(store: &dyn Store) {
    let (here, there) = (first("a"), first_of(Key::new(other_source(), tenant("a"))));

    all_done(store, vec![here.clone(), then(&here), there.clone()]).await;

    assert_eq!(store.load(&here.next.key).await.unwrap().map(|record| record.version), Some(2));
    assert_eq!(store.load(&there.next.key).await.unwrap().map(|record| record.version), Some(1));
    assert_eq!(store.scan(&other_source(), None, 9).await.unwrap(), [there.next]);
}

/// The control plane's own record is a record, and of no puller's source.
pub async fn the_system_record_stands_beside_the_tenants(store: &dyn Store) {
    let system = edited(first_of(Key::system()), |record| record.schedule = None);

    all_done(store, vec![first("system"), system.clone(), then(&system)]).await;

    assert_eq!(store.load(&Key::system()).await.unwrap().map(|record| record.version), Some(2));
    assert_eq!(store.load(&key("system")).await.unwrap().map(|record| record.version), Some(1));
    assert_eq!(tenants(store, None, 9).await, ["system"]);
}

/// A bulk command is kept whole in its record, which is due though it has no schedule.
pub async fn a_bulk_command_is_kept_in_a_record_of_its_own(store: &dyn Store) {
    let bulk = Bulk {
        id: "3-1".into(),
        source: source(),
        deed: Deed::Pause { reason: Some("ä \"b\"".into()), until: Some(at(90)) },
        filter: Filter {
            tenants: Some(vec![tenant("a"), tenant("b.c")]),
            states: vec![State::Error, State::Never],
            q: Some("roof".into()),
            tags: vec!["north".into()],
            intervals: vec![300, 900],
            overdue: true,
        },
        scope: only(&["a", "z"]),
        principal: "token:7".into(),
        actor: "ops".into(),
        role: Role::Operator,
        via: Via::Ui,
        request_id: Some("r-1".into()),
        created: at(-5),
        matched: 2,
        state: BulkState::Running,
        after: Some(tenant("a")),
        done: 1,
        changed: 1,
        failed: vec![BulkFailure { tenant: tenant("a"), code: "not_due".into(), detail: "nothing".into() }],
        failed_total: 1,
        updated: at(-4),
        step: vec![tenant("b.c")],
        leased: Some(at(4)),
    };
    let mut change = edited(first_of(Key::bulk(3)), |record| {
        (record.schedule, record.bulk) = (None, Some(Arc::new(bulk)));
    });
    change.due_at = Some(at(4));

    all_done(store, vec![first("bulk-3"), change.clone()]).await;

    assert_eq!(store.load(&Key::bulk(3)).await.unwrap(), Some(change.next.clone()));
    assert_eq!(store.due(at(4), 9).await.unwrap(), [change.next.clone()]);
    assert_eq!(tenants(store, None, 9).await, ["bulk-3"]);

    let mut over = edited(then(&change), |record| {
        let bulk = record.bulk.as_deref().cloned();
        record.bulk = bulk.map(|bulk| Arc::new(Bulk { state: BulkState::Done, leased: None, ..bulk }));
    });
    over.due_at = None;
    done(store, over.clone()).await;
    assert_eq!(store.load(&Key::bulk(3)).await.unwrap(), Some(over.next));
    assert!(store.due(at(99), 9).await.unwrap().is_empty());
}

/// A deleted schedule leaves its record, with its version, fence and audit head.
pub async fn a_tombstone_keeps_what_it_counted(store: &dyn Store) {
    let head = AuditHead { seq: 9, hash: [3; 32], ts: at(5) };
    let before = edited(first("a"), |record| (record.fence, record.audit) = (7, head));
    let after = deleted(&before);

    all_done(store, vec![before, after.clone()]).await;

    let record = store.load(&key("a")).await.unwrap().expect("a tombstone is a record");
    assert_eq!(record, after.next);
    assert_eq!((record.version, record.fence, record.audit), (2, 7, head));
    assert!(tenants(store, None, 9).await.is_empty());
}

/// A schedule that is made again goes on with the record's version.
pub async fn a_tombstone_is_revived_on_its_own_version(store: &dyn Store) {
    let before = first("a");
    let gone = deleted(&before);
    let again = edited(then(&gone), |record| record.schedule = Some(super::fixtures::schedule()));
    all_done(store, vec![before, gone]).await;

    refused(store, first("a")).await;
    done(store, again).await;

    assert_eq!(store.load(&key("a")).await.unwrap().map(|record| record.version), Some(3));
    assert_eq!(tenants(store, None, 9).await, ["a"]);
}

/// The order is that of the names' bytes, whatever the locale.
pub async fn a_scan_is_in_the_order_of_bytes(store: &dyn Store) {
    let sorted = ["0", "a", "a-b", "a.b", "a0", "a_b", "aa", "b"];

    all_done(store, sorted.iter().rev().map(|name| first(name)).collect()).await;

    assert_eq!(tenants(store, None, 99).await, sorted);
}

/// A scan goes on after any name, there or not, and keeps its limit.
pub async fn a_scan_goes_on_after_any_name(store: &dyn Store) {
    all_done(store, ["a", "c", "e"].map(first).into()).await;

    assert_eq!(tenants(store, Some("a"), 99).await, ["c", "e"]);
    assert_eq!(tenants(store, Some("b"), 99).await, ["c", "e"]);
    assert_eq!(tenants(store, Some("b"), 1).await, ["c"]);
    assert!(tenants(store, Some("e"), 99).await.is_empty());
}

/// A walk over pages meets each untouched record once, whatever happens to the others.
pub async fn a_scan_during_edits_neither_repeats_nor_skips(store: &dyn Store) {
    let name = |number: usize| format!("t{number:03}");
    let all: Vec<_> = (0..90).map(|number| first(&name(number))).collect();
    all_done(store, all.clone()).await;
    let mut met = Vec::new();

    for step in 0..30 {
        let page = tenants(store, met.last().map(String::as_str), 7).await;
        if page.is_empty() {
            break;
        }
        met.extend(page);
        let (edit, delete) = (&all[step * 3 + 1], &all[89 - step * 3]);
        done(store, then(edit)).await;
        done(store, deleted(delete)).await;
        done(store, first(&format!("t{step:03}-new"))).await;
    }

    let untouched: Vec<_> = met.iter().filter(|name| is_untouched(name)).cloned().collect();
    assert_eq!(untouched, (0..90).step_by(3).map(name).collect::<Vec<_>>());
    assert!(met.is_sorted_by(|left, right| left < right), "a name was repeated");
}

fn is_untouched(name: &str) -> bool {
    name[1..].parse::<usize>().is_ok_and(|number| number % 3 == 0)
}

async fn tenants(store: &dyn Store, after: Option<&str>, limit: usize) -> Vec<String> {
    let after = after.map(tenant);
    let records = store.scan(&source(), after.as_ref(), limit).await.unwrap();
    records.iter().map(|record| record.key.tenant.to_string()).collect()
}

/// A record with no field left empty.
fn full_record() -> Record {
    let key = key("peakpro");
    let spec = Spec {
        cadence: Cadence::Cron(Cron::parse("*/15 6-20 * * MON-FRI", "America/Chicago").unwrap()),
        starts_at: Some(at(-9)),
        ends_at: Some(at(9_999)),
        note: Some("roofs, \"gutters\" & Zoë".into()),
        tags: vec!["east".into(), "vip".into()],
        ..super::fixtures::spec()
    };
    let last = LastRun {
        run_id: lease(&key, 3).run_id,
        state: crate::domain::RunState::Failed,
        started: at(-90),
        finished: at(-80),
        duration_ms: 10_000,
        stats: Stats { imported: 3, skipped: 4, created: 1, updated: 2, gone: 5, failed: 6, requests: 7 },
        message: "upstream said no".into(),
        error: Some(ErrorKind::RateLimited),
    };
    let schedule = Schedule {
        spec: Arc::new(spec),
        created: at(-100),
        anchor: at(-100),
        slot0: Some(at(-100)),
        accounted: at(-1),
        backlog: Some(at(60)),
        tail: Some(Tail { disposition: Disposition::RanLate, first: at(-60), count: 12 }),
        pause: Some(Arc::new(Pause {
            since: at(-2),
            until: Some(at(600)),
            reason: Some("holiday".into()),
            actor: "ops".into(),
        })),
        run: Some(Arc::new(lease(&key, 4))),
        retry: Some(Arc::new(Retry { at: at(5), slot: Some(at(0)), attempt: 2 })),
        hold: Some(at(7)),
        breaker: Some(Arc::new(Breaker { since: at(-3), kind: ErrorKind::Auth, probe_at: at(8), probes: 2 })),
        failures: 11,
        last: Some(Arc::new(last)),
        cursor: Some(cursor(r#"{"since":"2027-01-15T08:00:00.250Z","page":3,"ids":["ä",null]}"#)),
    };
    let audit = AuditHead { seq: 12, hash: [0xab; 32], ts: at(-1) };
    Record {
        key,
        version: 1,
        revision: 5,
        fence: 4,
        audit,
        settled: at(0),
        schedule: Some(schedule),
        bulk: None,
    }
}
