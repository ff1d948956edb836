//! What is written with a change appears with it, or not at all.

use super::fixtures::{
    all_done, answer, at, audit_of, done, ended, entries, first, first_with, key, only, range, refused, run,
    runs_of, sealed, then, token, write_answer, write_entries, write_range, write_run,
};
use crate::domain::{Change, Key, Scope, Write};
use crate::ports::{Commit, Store};

/// Everything that a change can carry.
fn everything(name: &str) -> Vec<Write> {
    let mut writes = write_entries(&entries(&key(name), 1));
    writes.extend([
        write_run(&run(&key(name), 1, at(0))),
        write_range(&range(at(0), 2)),
        write_answer(&answer(name, "{}", at(100))),
        Write::Connection(Some(Box::new(sealed(name)))),
        Write::Token(Box::new(token(name, only(&[name])))),
    ]);
    writes
}

/// How many of the six things of [`everything`] are there.
async fn there(store: &dyn Store, name: &str) -> usize {
    let run = store.run(&run(&key(name), 1, at(0)).run_id).await.unwrap();
    let ranges = store.occurrences(&key(name), at(0), at(9)).await.unwrap();
    let entries = store.audit_count(&audit_of(only(&[name]), 9)).await.unwrap();
    let answer = store.answer(name, at(0)).await.unwrap();
    let connection = store.connection(&key(name)).await.unwrap();
    let token = store.token(name).await.unwrap();
    let singles = [run.is_some(), answer.is_some(), connection.is_some(), token.is_some()];
    singles.into_iter().filter(|there| *there).count() + ranges.len() + usize::try_from(entries).unwrap()
}

/// A change that is made brings all that it carries.
pub async fn a_change_that_is_made_brings_all_that_it_carries(store: &dyn Store) {
    done(store, first_with("a", everything("a"))).await;

    assert_eq!(there(store, "a").await, 6);
    assert_eq!(store.chains(None, 9).await.unwrap(), [key("a")]);
}

/// A change that is refused brings nothing.
pub async fn a_change_that_is_refused_brings_nothing(store: &dyn Store) {
    done(store, first("a")).await;

    refused(store, first_with("a", everything("a"))).await;
    refused(store, Change { writes: everything("b"), ..then(&first("b")) }).await;

    assert_eq!(there(store, "a").await, 0);
    assert_eq!(there(store, "b").await, 0);
    assert!(store.chains(None, 9).await.unwrap().is_empty());
}

/// A change that is refused removes nothing.
pub async fn a_change_that_is_refused_removes_nothing(store: &dyn Store) {
    done(store, first_with("a", everything("a"))).await;
    let removals = vec![Write::Connection(None), Write::RevokeToken("a".into())];

    refused(store, first_with("a", removals)).await;

    assert_eq!(there(store, "a").await, 6);
}

/// In a batch, made changes bring theirs and refused ones do not.
pub async fn changes_of_a_batch_do_not_mix(store: &dyn Store) {
    done(store, first("b")).await;

    let batch = ["a", "b", "c"].map(|name| first_with(name, everything(name)));
    let answers = store.commit(batch.into()).await.unwrap();

    assert!(matches!(answers[..], [Commit::Done(_), Commit::Conflict, Commit::Done(_)]), "got {answers:?}");
    assert_eq!(there(store, "a").await, 6);
    assert_eq!(there(store, "b").await, 0);
    assert_eq!(there(store, "c").await, 6);
}

/// When one record changes twice in a batch, what came last stands.
pub async fn later_writes_of_a_batch_replace_earlier_ones(store: &dyn Store) {
    let started = run(&key("a"), 1, at(0));
    let finished = ended(started.clone(), at(5));
    let claim = first_with("a", vec![write_run(&started), write_range(&range(at(0), 1))]);
    let finish = Change { writes: vec![write_run(&finished), write_range(&range(at(0), 2))], ..then(&claim) };

    all_done(store, vec![claim, finish]).await;

    assert_eq!(store.run(&started.run_id).await.unwrap(), Some(finished));
    assert_eq!(store.occurrences(&key("a"), at(0), at(9)).await.unwrap(), [range(at(0), 2)]);
}

/// Writing a thing twice is writing it once.
pub async fn what_is_written_twice_is_there_once(store: &dyn Store) {
    let once = first_with("a", everything("a"));
    let mut twice = Change { writes: everything("a"), ..then(&once) };
    twice.writes.retain(|write| !matches!(write, Write::Answer { .. }));

    all_done(store, vec![once, twice]).await;

    assert_eq!(there(store, "a").await, 6);
    assert_eq!(store.runs(&runs_of(Scope::All, 9)).await.unwrap().rows.len(), 1);
    assert_eq!(store.chain(&key("a"), 0, 9).await.unwrap().len(), 1);
    assert_eq!(store.tokens().await.unwrap().len(), 1);
}

/// Entries of the system chain are written with the control plane's own record.
pub async fn the_system_record_carries_its_own_chain(store: &dyn Store) {
    let system = super::fixtures::first_of(Key::system());
    let chain = entries(&Key::system(), 3);

    done(store, Change { writes: write_entries(&chain), ..system }).await;

    assert_eq!(store.chain(&Key::system(), 0, 9).await.unwrap(), chain);
}
