//! Small values to put into a store.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::value::RawValue;

use crate::domain::{
    Answer, AuditDraft, AuditEntry, AuditHead, Cadence, Caller, Change, Disposition, Interval, Item, Json,
    Key, Lease, Level, Operation, Range, Record, Remark, Role, Run, RunId, RunState, Schedule, Scope,
    SealedConnection, Source, Spec, Stats, Tenant, Timestamp, TokenRecord, Trigger, Write,
};
use crate::ports::{AuditQuery, Commit, ImportedQuery, RunQuery, Store, commit_one};

/// An instant so many seconds after the one at which the cases play.
pub fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + secs)
}

/// The source that most cases use.
pub fn source() -> Source {
    Source::parse("acculynx").unwrap()
}

/// Another source.
pub fn other_source() -> Source {
    Source::parse("other").unwrap()
}

/// A tenant of that name.
pub fn tenant(name: &str) -> Tenant {
    Tenant::parse(name).unwrap()
}

/// The key of a tenant at [`source`].
pub fn key(name: &str) -> Key {
    Key::new(source(), tenant(name))
}

/// Those tenants and no others.
pub fn only(names: &[&str]) -> Scope {
    Scope::Only(names.iter().map(|name| tenant(name)).collect::<BTreeSet<_>>())
}

/// Texts that break what puts text into text: quotes, wild cards, scripts, great length.
pub fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "'; drop table runs; --",
        "\"double\" and \\back\\slash and `tick`",
        "100% _wild_ *card* ?",
        "line\nfeed\r\ttab",
        "Zoë Åström 株式会社 🏠\u{200d}🔧",
        "e\u{301} \u{202e}right to left\u{202c} \u{feff}mark \u{10ffff}",
        "{\"json\":[null,true,1e9]}",
        "null",
        "/",
        " ",
    ]
    .map(str::to_owned)
    .into();
    texts.push("long 長い ".repeat(2_000));
    texts
}

/// The spec that most records have: every five minutes.
pub fn spec() -> Spec {
    Spec::every(Interval::try_from(300).unwrap())
}

/// A schedule that has never run.
pub fn schedule() -> Schedule {
    Schedule {
        spec: Arc::new(spec()),
        created: at(0),
        anchor: at(0),
        slot0: Some(at(0)),
        accounted: at(0),
        backlog: None,
        tail: None,
        pause: None,
        run: None,
        retry: None,
        hold: None,
        breaker: None,
        failures: 0,
        last: None,
        cursor: None,
    }
}

/// A note of a puller.
pub fn cursor(json: &str) -> Json {
    Json(Arc::from(RawValue::from_string(json.to_owned()).unwrap()))
}

/// A lease under `fence`.
pub fn lease(key: &Key, fence: u64) -> Lease {
    Lease {
        run_id: RunId::new(key, fence, at(0)),
        fence,
        worker: "worker/boot".into(),
        until: at(30),
        trigger: Trigger::Schedule,
        slot: Some(at(0)),
        attempt: 1,
        started: at(0),
        lateness_ms: Some(3),
    }
}

/// The first change of a record: it gets a schedule, and is not due.
pub fn first_of(key: Key) -> Change {
    let record = Record { version: 1, revision: 1, schedule: Some(schedule()), ..Record::new(key) };
    Change { expected: 0, next: Arc::new(record), due_at: None, writes: Vec::new() }
}

/// [`first_of`] a tenant at [`source`].
pub fn first(name: &str) -> Change {
    first_of(key(name))
}

/// The first change of a record, which is due at `due_at`.
pub fn due_first(name: &str, due_at: Timestamp) -> Change {
    Change { due_at: Some(due_at), ..first(name) }
}

/// The first change of a record, with `writes`.
pub fn first_with(name: &str, writes: Vec<Write>) -> Change {
    Change { writes, ..first(name) }
}

/// The first change of a record, which is leased under `fence`.
pub fn first_leased(name: &str, fence: u64) -> Change {
    edited(first(name), |record| record.schedule = Some(held(&record.key, fence)))
}

/// A schedule that is leased under `fence`.
pub fn held(key: &Key, fence: u64) -> Schedule {
    Schedule { run: Some(Arc::new(lease(key, fence))), ..schedule() }
}

/// The change that comes after `change`, with the same due instant and no writes.
pub fn then(change: &Change) -> Change {
    let Change { next, due_at, .. } = change;
    let (version, revision) = (next.version + 1, next.revision + 1);
    let record = Record { version, revision, ..Record::clone(next) };
    Change { expected: next.version, next: Arc::new(record), due_at: *due_at, writes: Vec::new() }
}

/// The change that deletes the schedule, after `change`.
pub fn deleted(change: &Change) -> Change {
    Change { due_at: None, ..edited(then(change), |record| record.schedule = None) }
}

/// `change`, with its record edited.
pub fn edited(mut change: Change, edit: impl FnOnce(&mut Record)) -> Change {
    edit(Arc::make_mut(&mut change.next));
    change
}

/// Commits a change that must be made, and gives the store's version after it.
pub async fn done(store: &dyn Store, change: Change) -> u64 {
    match commit_one(store, change).await.unwrap() {
        Commit::Done(version) => version,
        refused => panic!("a change on the current version must be made, got {refused:?}"),
    }
}

/// Commits changes in one batch, all of which must be made.
pub async fn all_done(store: &dyn Store, changes: Vec<Change>) {
    let expected = changes.len();
    let done = store.commit(changes).await.unwrap();
    assert_eq!(done.len(), expected);
    assert!(done.iter().all(|one| matches!(one, Commit::Done(_))), "got {done:?}");
}

/// Commits a change that must be refused.
pub async fn refused(store: &dyn Store, change: Change) {
    assert_eq!(commit_one(store, change).await.unwrap(), Commit::Conflict);
}

/// What a run noted.
pub fn remark(text: &str) -> Remark {
    Remark { at: at(1), level: Level::Info, message: text.into(), phase: None }
}

/// A run in flight, named by its key, `fence` and start.
pub fn run(key: &Key, fence: u64, started: Timestamp) -> Run {
    Run {
        run_id: RunId::new(key, fence, started),
        key: key.clone(),
        trigger: Trigger::Schedule,
        slot: Some(started),
        attempt: 1,
        state: RunState::Running,
        started,
        finished: None,
        duration_ms: None,
        lateness_ms: Some(1),
        stats: Stats::default(),
        message: None,
        error: None,
        worker: "worker/boot".into(),
        log: Vec::new(),
    }
}

/// `run`, ended well at `finished`.
pub fn ended(run: Run, finished: Timestamp) -> Run {
    Run { state: RunState::Succeeded, finished: Some(finished), duration_ms: Some(20), ..run }
}

/// Writes a run.
pub fn write_run(run: &Run) -> Write {
    Write::Run(Arc::new(run.clone()))
}

/// Every run of [`source`], up to `limit`.
pub fn runs_of(scope: Scope, limit: usize) -> RunQuery {
    RunQuery {
        source: source(),
        scope,
        state: None,
        trigger: None,
        since: None,
        until: None,
        cursor: None,
        limit,
    }
}

/// Slots from `first` on, five minutes apart, that ran.
pub fn range(first: Timestamp, count: u64) -> Range {
    let span = i64::try_from(count - 1).unwrap() * 300_000;
    Range {
        disposition: Disposition::Ran,
        first,
        last: Timestamp::from_millis(first.millis() + span),
        count,
        cadence: Cadence::Interval(Interval::try_from(300).unwrap()),
        anchor: at(0),
        slot0: None,
    }
}

/// Writes a range.
pub fn write_range(range: &Range) -> Write {
    Write::Occurrences(Box::new(range.clone()))
}

/// An operator of that name.
pub fn caller(actor: &str) -> Caller {
    Caller {
        actor: actor.into(),
        role: Role::Operator,
        via: crate::domain::Via::Api,
        request_id: Some("req-1".into()),
    }
}

/// The next entry of a chain.
pub fn entry(head: &mut AuditHead, key: &Key, operation: Operation, now: Timestamp) -> AuditEntry {
    AuditEntry::append(head, key, AuditDraft::new(operation, &caller("ops")), now)
}

/// So many entries of one chain, a second apart.
pub fn entries(key: &Key, count: i64) -> Vec<AuditEntry> {
    let mut head = AuditHead::default();
    (0..count).map(|secs| entry(&mut head, key, Operation::Edit, at(secs))).collect()
}

/// Writes entries.
pub fn write_entries(entries: &[AuditEntry]) -> Vec<Write> {
    entries.iter().map(|entry| Write::Audit(Arc::new(entry.clone()))).collect()
}

/// Every audit entry of [`source`], up to `limit`.
pub fn audit_of(scope: Scope, limit: usize) -> AuditQuery {
    AuditQuery {
        source: source(),
        scope,
        operation: None,
        actor: None,
        since: None,
        until: None,
        cursor: None,
        limit,
    }
}

/// An answer.
pub fn answer(name: &str, body: &str, expires: Timestamp) -> Answer {
    Answer { name: name.into(), request: [7; 32], status: 200, body: body.into(), expires }
}

/// Writes an answer whose name was not answered by [`at`] zero.
pub fn write_answer(answer: &Answer) -> Write {
    Write::Answer { answer: Box::new(answer.clone()), now: at(0) }
}

/// A connection, told by its fingerprint.
pub fn sealed(fingerprint: &str) -> SealedConnection {
    SealedConnection {
        sealed: "c2VhbGVk".into(),
        fingerprint: fingerprint.into(),
        base_url: Some("https://upstream.example/api/v2".into()),
        updated: at(0),
    }
}

/// A token.
pub fn token(id: &str, scope: Scope) -> TokenRecord {
    TokenRecord {
        id: id.into(),
        hash: [9; 32],
        role: Role::Operator,
        scope,
        name: "night shift".into(),
        created: at(0),
        expires: Some(at(1_000)),
    }
}

/// A record on its way in, whose hash follows its content.
pub fn item(entity: &str, id: &str, content: &str) -> Item {
    let data = serde_json::to_string(&serde_json::json!({ "content": content })).unwrap();
    let mut hash = [0_u8; 32];
    for (place, byte) in content.bytes().enumerate() {
        hash[place % 32] = hash[place % 32].rotate_left(3).wrapping_add(byte);
    }
    Item {
        entity: entity.into(),
        external_id: id.into(),
        modified: Some(at(0)),
        hash,
        data: RawValue::from_string(data).unwrap(),
    }
}

/// Every imported record of a tenant, up to `limit`.
pub fn imported_of(name: &str, limit: usize) -> ImportedQuery {
    ImportedQuery { key: key(name), entity: None, changed_since: None, cursor: None, limit }
}

/// Texts that no store gives out as a cursor.
pub fn foreign_cursors() -> Vec<String> {
    let mut texts = hostile();
    texts.extend(["", "0", "../../etc/passwd", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map(str::to_owned));
    texts
}
