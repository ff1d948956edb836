//! Audit entries are read newest first, of those tenants that the reader may see.

use super::fixtures::{
    all_done, at, audit_of, caller, done, entries, entry, first_of, first_with, foreign_cursors, hostile,
    key, only, other_source, source, tenant, then, write_entries,
};
use crate::domain::{AuditDraft, AuditEntry, AuditHead, Caller, Change, Key, Operation, Scope, Source};
use crate::ports::{AuditQuery, Store, StoreError};

/// The newest comes first, and each page goes on where the last one ended.
pub async fn the_newest_entry_comes_first(store: &dyn Store) {
    let mut chain = entries(&key("a"), 11);
    done(store, first_with("a", write_entries(&chain))).await;
    chain.reverse();

    for limit in [1, 4, 11, 99] {
        assert_eq!(walk(store, audit_of(Scope::All, limit)).await, chain);
        assert_eq!(walk(store, audit_of(only(&["a"]), limit)).await, chain);
    }
}

/// Entries of one instant have an order, too: pages neither repeat nor skip them.
pub async fn entries_of_one_instant_are_paged_whole(store: &dyn Store) {
    for name in ["a", "b", "c"] {
        let mut head = AuditHead::default();
        let chain: Vec<_> = (0..9).map(|_| entry(&mut head, &key(name), Operation::Edit, at(0))).collect();
        done(store, first_with(name, write_entries(&chain))).await;
    }

    let whole = walk(store, audit_of(Scope::All, 99)).await;

    assert_eq!(whole.len(), 27);
    assert_eq!(walk(store, audit_of(Scope::All, 4)).await, whole);
    assert_eq!(walk(store, audit_of(only(&["a", "b", "c"]), 5)).await, whole);
}

/// The last page says that it is the last, even when it is full.
pub async fn a_full_last_page_of_entries_has_no_next(store: &dyn Store) {
    done(store, first_with("a", write_entries(&entries(&key("a"), 4)))).await;

    let first = store.audit(&audit_of(Scope::All, 2)).await.unwrap();
    let last = store.audit(&AuditQuery { cursor: first.next, ..audit_of(Scope::All, 2) }).await.unwrap();

    assert_eq!((first.rows.len(), last.rows.len(), last.next), (2, 2, None));
}

/// Entries that are appended during a walk push nothing out of it.
pub async fn a_walk_while_entries_are_appended_neither_repeats_nor_skips(store: &dyn Store) {
    let mut head = AuditHead::default();
    let mut chain: Vec<_> =
        (0..10).map(|secs| entry(&mut head, &key("a"), Operation::Edit, at(secs))).collect();
    let mut change = first_with("a", write_entries(&chain));
    done(store, change.clone()).await;
    let mut query = audit_of(only(&["a"]), 3);
    let mut met = Vec::new();

    while let page = store.audit(&query).await.unwrap()
        && let Some(next) = page.next.clone()
    {
        met.extend(page.rows);
        query.cursor = Some(next);
        let newer = entry(&mut head, &key("a"), Operation::Pause, at(60));
        change = Change { writes: write_entries(&[newer]), ..then(&change) };
        done(store, change.clone()).await;
    }
    met.extend(store.audit(&query).await.unwrap().rows);

    chain.reverse();
    assert_eq!(met, chain);
}

/// Any entry's id is a place in the list.
pub async fn any_entry_id_is_a_cursor(store: &dyn Store) {
    let chain = entries(&key("a"), 3);
    done(store, first_with("a", write_entries(&chain))).await;

    let query = AuditQuery { cursor: Some(chain[1].id.to_string()), ..audit_of(Scope::All, 9) };

    assert_eq!(walk(store, query).await, [chain[0].clone()]);
}

/// A text that is no place in the list is the caller's error.
pub async fn a_foreign_cursor_of_entries_is_refused(store: &dyn Store) {
    done(store, first_with("a", write_entries(&entries(&key("a"), 1)))).await;

    for cursor in foreign_cursors() {
        let answer =
            store.audit(&AuditQuery { cursor: Some(cursor.clone()), ..audit_of(Scope::All, 9) }).await;
        assert!(matches!(answer, Err(StoreError::Cursor)), "{cursor:?}: {answer:?}");
    }
}

/// Each filter lets through what it names, page by page, and the count agrees with the walk.
pub async fn entries_are_filtered_and_counted(store: &dyn Store) {
    let mut head = AuditHead::default();
    let actors = ["ops", "Ops", "o%", "o_s"];
    let chain: Vec<_> = (0..26)
        .map(|n| {
            let draft = AuditDraft::new(Operation::ALL[n % 13], &caller(actors[n % 4]));
            AuditEntry::append(&mut head, &key("a"), draft, at(n as i64))
        })
        .collect();
    done(store, first_with("a", write_entries(&chain))).await;
    let all = || audit_of(Scope::All, 2);
    let queries = [
        all(),
        AuditQuery { operation: Some(Operation::RunNow), ..all() },
        AuditQuery { actor: Some("ops".into()), ..all() },
        AuditQuery { actor: Some("o%".into()), ..all() },
        AuditQuery { actor: Some("o_s".into()), ..all() },
        AuditQuery { actor: Some("".into()), ..all() },
        AuditQuery { since: Some(at(20)), ..all() },
        AuditQuery { until: Some(at(3)), ..all() },
        AuditQuery {
            operation: Some(Operation::Pause),
            actor: Some("o%".into()),
            since: Some(at(1)),
            ..all()
        },
    ];

    for query in queries {
        let wanted = chain.iter().rev().filter(|entry| {
            query.operation.is_none_or(|operation| operation == entry.operation)
                && query.actor.as_deref().is_none_or(|actor| actor == &*entry.actor)
                && query.since.is_none_or(|since| entry.ts >= since)
                && query.until.is_none_or(|until| entry.ts < until)
        });
        let wanted: Vec<_> = wanted.cloned().collect();
        for scope in [Scope::All, only(&["a", "b"])] {
            let query = AuditQuery { scope, ..query.clone() };
            assert_eq!(walk(store, query.clone()).await, wanted, "{query:?}");
            assert_eq!(count(store, query).await, wanted.len());
        }
    }
}

/// The count looks at neither cursor nor limit.
pub async fn the_count_is_that_of_the_whole_list(store: &dyn Store) {
    let chain = entries(&key("a"), 7);
    done(store, first_with("a", write_entries(&chain))).await;

    let query = AuditQuery { cursor: Some(chain[2].id.to_string()), ..audit_of(Scope::All, 1) };

    assert_eq!(count(store, query).await, 7);
}

/// Only tenants within the scope show and count; the control plane's own chain shows to all-seeing eyes alone.
pub async fn entries_outside_the_scope_do_not_show(store: &dyn Store) {
    for key in [key("a"), key("b"), key("system"), Key::system()] {
        done(store, Change { writes: write_entries(&entries(&key, 3)), ..first_of(key) }).await;
    }

    let scopes = [
        (Scope::All, 12),
        (only(&["a"]), 3),
        (only(&["a", "b"]), 6),
        (only(&["system"]), 3),
        (only(&["nobody"]), 0),
        (only(&[]), 0),
    ];
    for (scope, expected) in scopes {
        let met = walk(store, audit_of(scope.clone(), 2)).await;
        assert_eq!(met.len(), expected, "{scope:?}");
        assert_eq!(count(store, audit_of(scope.clone(), 1)).await, expected);
        let admitted = |entry: &AuditEntry| scope.admits(&entry.key.tenant) && !entry.key.is_system();
        assert!(scope == Scope::All || met.iter().all(admitted));
    }
}

/// A tenant's entries at another source do not show, while the control plane's own show at each.
pub async fn entries_of_another_source_do_not_show(store: &dyn Store) {
    let other = Key::new(other_source(), tenant("a"));
    for key in [key("a"), other, Key::system()] {
        done(store, Change { writes: write_entries(&entries(&key, 2)), ..first_of(key) }).await;
    }
    let seen = async |source: Source, scope| {
        let met = walk(store, AuditQuery { source, ..audit_of(scope, 9) }).await;
        let mut keys: Vec<_> = met.iter().map(|entry| entry.key.to_string()).collect();
        keys.sort();
        keys.dedup();
        keys
    };

    assert_eq!(seen(source(), Scope::All).await, ["_system/system", "acculynx/a"]);
    assert_eq!(seen(other_source(), Scope::All).await, ["_system/system", "other/a"]);
    assert_eq!(seen(other_source(), only(&["a"])).await, ["other/a"]);
}

/// Who acted is kept as it was written, whatever it holds, and is found by it.
pub async fn hostile_text_in_an_entry_survives(store: &dyn Store) {
    let mut head = AuditHead::default();
    let texts = hostile();
    let chain: Vec<_> = texts
        .iter()
        .map(|text| {
            let caller = Caller { request_id: Some(text.as_str().into()), ..caller(text) };
            let mut draft = AuditDraft::new(Operation::Edit, &caller);
            draft.metadata = serde_json::json!({ "text": text, text.as_str(): [text] }).into();
            AuditEntry::append(&mut head, &key("a"), draft, at(0))
        })
        .collect();
    all_done(store, vec![first_with("a", write_entries(&chain))]).await;

    assert_eq!(store.chain(&key("a"), 0, 99).await.unwrap(), chain);
    for (text, entry) in texts.into_iter().zip(chain) {
        let query = AuditQuery { actor: Some(text), ..audit_of(Scope::All, 9) };
        assert_eq!(walk(store, query).await, [entry]);
    }
}

async fn count(store: &dyn Store, query: AuditQuery) -> usize {
    usize::try_from(store.audit_count(&query).await.unwrap()).unwrap()
}

/// All pages of a query, one after the other.
async fn walk(store: &dyn Store, mut query: AuditQuery) -> Vec<AuditEntry> {
    let mut met = Vec::new();
    loop {
        let page = store.audit(&query).await.unwrap();
        assert!(page.rows.len() <= query.limit);
        met.extend(page.rows);
        let Some(next) = page.next else { return met };
        assert!(met.len() < 1_000, "the walk does not end");
        query.cursor = Some(next);
    }
}
