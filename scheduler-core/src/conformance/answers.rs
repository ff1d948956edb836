//! Answers are kept until they expire.

use super::fixtures::{answer, at, done, first, first_with, hostile, then, write_answer};
use crate::domain::{Answer, Change, Timestamp, Write};
use crate::ports::{Commit, Store, commit_one};

/// An answer is found before the instant at which it expires, and not from then on.
pub async fn an_answer_is_found_until_it_expires(store: &dyn Store) {
    let kept = answer("key", "{\"ok\":true}", at(10));
    assert!(store.put_answer(kept.clone(), None).await.unwrap());

    let last = Timestamp::from_millis(at(10).millis() - 1);
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(kept.clone()));
    assert_eq!(store.answer("key", last).await.unwrap(), Some(kept));
    assert_eq!(store.answer("key", at(10)).await.unwrap(), None);
    assert_eq!(store.answer("other", at(0)).await.unwrap(), None);
}

/// An answer replaces the one of its name, expired or not.
pub async fn an_answer_replaces_the_one_of_its_name(store: &dyn Store) {
    for (body, expires) in [("one", at(10)), ("two", at(5)), ("three", at(90))] {
        let next = Answer { status: 202, request: [1; 32], ..answer("key", body, expires) };
        assert!(store.put_answer(next.clone(), None).await.unwrap());

        assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(next));
    }
    assert!(store.answer("key", at(50)).await.unwrap().is_some());
}

/// An answer that gives way to others replaces an expired one only, and says so.
pub async fn an_answer_may_give_way_to_an_earlier_one(store: &dyn Store) {
    let (one, two) = (answer("key", "one", at(10)), answer("key", "two", at(90)));

    assert!(store.put_answer(one.clone(), Some(at(0))).await.unwrap());
    assert!(!store.put_answer(two.clone(), Some(at(9))).await.unwrap());
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(one));
    assert!(store.put_answer(two.clone(), Some(at(10))).await.unwrap());
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(two));
}

/// An answer that comes with a change is one like others.
pub async fn an_answer_comes_with_a_change(store: &dyn Store) {
    let (one, two) = (answer("key", "one", at(10)), answer("key", "two", at(20)));
    let change = first_with("a", vec![Write::Answer { answer: Box::new(one.clone()), now: at(0) }]);

    done(store, change.clone()).await;
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(one));
    let writes = vec![Write::Answer { answer: Box::new(two.clone()), now: at(10) }];
    done(store, Change { writes, ..then(&change) }).await;
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(two));
}

/// Of changes that answer one request, of one record or of several, one is made.
pub async fn a_request_is_carried_out_once(store: &dyn Store) {
    let write = |body: &str| vec![write_answer(&answer("key", body, at(10)))];
    let first = first_with("a", write("one"));
    let again = Change { writes: write("two"), due_at: Some(at(5)), ..then(&first) };
    let elsewhere = Change { writes: write("three"), ..super::fixtures::first("b") };

    done(store, first.clone()).await;
    for change in [again, elsewhere] {
        assert_eq!(commit_one(store, change).await.unwrap(), Commit::Answered);
    }

    assert_eq!(store.load(&first.next.key).await.unwrap(), Some(first.next));
    assert_eq!(store.load(&super::fixtures::key("b")).await.unwrap(), None);
    assert_eq!(store.next_due(None).await.unwrap(), None);
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(answer("key", "one", at(10))));
}

/// Within a batch as well, and the changes that answer other requests are made.
pub async fn a_request_is_carried_out_once_within_a_batch(store: &dyn Store) {
    let with = |name: &str, key: &str| first_with(name, vec![write_answer(&answer(key, name, at(10)))]);

    let batch = vec![with("a", "one"), with("b", "one"), with("c", "two")];
    let answers = store.commit(batch).await.unwrap();

    let done = |place: usize| matches!(answers[place], Commit::Done(_));
    assert!(done(2) && (done(0) != done(1)), "got {answers:?}");
    assert!(answers.contains(&Commit::Answered), "got {answers:?}");
}

/// Putting an answer changes no record.
pub async fn an_answer_alone_changes_no_record(store: &dyn Store) {
    done(store, first("a")).await;

    store.put_answer(answer("key", "{}", at(10)), None).await.unwrap();

    assert_eq!(store.load(&first("a").next.key).await.unwrap(), Some(first("a").next));
}

/// Names and bodies survive, whatever they hold.
pub async fn hostile_text_in_an_answer_survives(store: &dyn Store) {
    for text in hostile() {
        let kept = answer(&text, &text, at(10));
        assert!(store.put_answer(kept.clone(), None).await.unwrap());

        assert_eq!(store.answer(&text, at(0)).await.unwrap(), Some(kept));
    }
}
