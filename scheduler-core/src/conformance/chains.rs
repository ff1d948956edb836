//! Audit chains come back so that they can be verified.

use serde_json::json;

use super::fixtures::{
    all_done, at, caller, done, entries, first, first_of, first_with, key, other_source, tenant, then,
    write_entries,
};
use crate::domain::{AuditDraft, AuditEntry, AuditHead, Change, Json, Key, Operation, verify_chain};
use crate::ports::Store;

/// A chain is read in the order of its places, from any place on.
pub async fn a_chain_is_read_in_order(store: &dyn Store) {
    let chain = entries(&key("a"), 9);
    done(store, first_with("a", write_entries(&chain))).await;

    assert_eq!(store.chain(&key("a"), 0, 99).await.unwrap(), chain);
    assert_eq!(store.chain(&key("a"), 0, 4).await.unwrap(), chain[..4]);
    assert_eq!(store.chain(&key("a"), 4, 4).await.unwrap(), chain[4..8]);
    assert!(store.chain(&key("a"), 9, 4).await.unwrap().is_empty());
    assert!(store.chain(&key("a"), u64::MAX, 4).await.unwrap().is_empty());
    assert!(store.chain(&key("b"), 0, 4).await.unwrap().is_empty());
}

/// Places order a chain even when all its entries are of one millisecond.
pub async fn a_chain_of_one_instant_is_read_in_order(store: &dyn Store) {
    let mut head = AuditHead::default();
    let chain: Vec<_> = (0..30).map(|n| entry_with(&mut head, json!({ "n": n }), None)).collect();
    done(store, first_with("a", write_entries(&chain).into_iter().rev().collect())).await;

    assert_eq!(store.chain(&key("a"), 0, 99).await.unwrap(), chain);
}

/// What an entry says survives to the byte, so that its hash holds.
pub async fn a_chain_that_comes_back_can_be_verified(store: &dyn Store) {
    let mut head = AuditHead::default();
    let values = [
        json!(null),
        json!({}),
        json!([]),
        json!("Zoë 株式会社 🏠 \u{202e} \u{0} \u{7f}"),
        json!({ "b": 1, "a": { "z": [null, true, false, [], {}], "": "empty name" } }),
        json!([0, -1, u64::MAX, i64::MIN, 0.5, -2.25, 1e100]),
        json!({ "deep": { "deep": { "deep": { "deep": [[[["down"]]]] } } } }),
        json!({ "1": 1, "10": 10, "2": 2, "ä": "ä", "A": "A", "_": "_" }),
    ];
    let mut change = first("a");
    for value in values {
        let entry = entry_with(&mut head, value.clone(), Some(value));
        change.writes = write_entries(&[entry]);
        let next = then(&change);
        done(store, std::mem::replace(&mut change, next)).await;
    }

    let chain = store.chain(&key("a"), 0, 99).await.unwrap();

    assert_eq!(chain.len(), 8);
    assert_eq!(verify_chain(&chain, Some((0, [0; 32]))), None);
    assert_eq!(chain.last().map(|entry| entry.hash), Some(head.hash));
}

/// A chain can be verified page by page, each joined to the one before.
pub async fn a_chain_can_be_verified_page_by_page(store: &dyn Store) {
    done(store, first_with("a", write_entries(&entries(&key("a"), 23)))).await;
    let mut end = (0, [0; 32]);

    loop {
        let page = store.chain(&key("a"), end.0, 5).await.unwrap();
        assert_eq!(verify_chain(&page, Some(end)), None);
        let Some(last) = page.last() else { break };
        end = (last.seq, last.hash);
    }

    assert_eq!(end.0, 23);
}

/// Every chain is listed once, in the order of the keys, page by page.
pub async fn every_chain_is_listed_once(store: &dyn Store) {
    let keys =
        [Key::system(), key("a"), key("a-b"), key("a.b"), key("b"), Key::new(other_source(), tenant("a"))];
    let written = keys
        .iter()
        .rev()
        .map(|key| Change { writes: write_entries(&entries(key, 3)), ..first_of(key.clone()) });
    all_done(store, written.collect()).await;
    done(store, first("silent")).await;

    assert_eq!(store.chains(None, 99).await.unwrap(), keys);
    assert_eq!(store.chains(None, 2).await.unwrap(), keys[..2]);
    assert_eq!(store.chains(Some(&keys[1]), 2).await.unwrap(), keys[2..4]);
    assert_eq!(store.chains(Some(&key("aa")), 99).await.unwrap(), keys[4..]);
    assert!(store.chains(Some(&keys[5]), 99).await.unwrap().is_empty());
}

fn entry_with(
    head: &mut AuditHead,
    metadata: serde_json::Value,
    before: Option<serde_json::Value>,
) -> AuditEntry {
    let before = before.filter(|value| !value.is_null()).map(Json::from);
    let draft = AuditDraft {
        metadata: metadata.into(),
        after: before.clone(),
        before,
        ..AuditDraft::new(Operation::Edit, &caller("ops"))
    };
    AuditEntry::append(head, &key("a"), draft, at(0))
}
