//! Answers are kept until they expire.

use super::fixtures::{answer, at, done, first, first_with, hostile, then};
use crate::domain::{Answer, Change, Timestamp, Write};
use crate::ports::Store;

/// An answer is found before the instant at which it expires, and not from then on.
pub async fn an_answer_is_found_until_it_expires(store: &dyn Store) {
    let kept = answer("key", "{\"ok\":true}", at(10));
    store.put_answer(kept.clone()).await.unwrap();

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
        store.put_answer(next.clone()).await.unwrap();

        assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(next));
    }
    assert!(store.answer("key", at(50)).await.unwrap().is_some());
}

/// An answer that comes with a change is one like others.
pub async fn an_answer_comes_with_a_change(store: &dyn Store) {
    let (one, two) = (answer("key", "one", at(10)), answer("key", "two", at(20)));
    let write = |answer: &Answer| vec![Write::Answer(Box::new(answer.clone()))];
    let change = first_with("a", write(&one));

    done(store, change.clone()).await;
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(one));
    done(store, Change { writes: write(&two), ..then(&change) }).await;
    assert_eq!(store.answer("key", at(0)).await.unwrap(), Some(two));
}

/// Putting an answer changes no record.
pub async fn an_answer_alone_changes_no_record(store: &dyn Store) {
    done(store, first("a")).await;

    store.put_answer(answer("key", "{}", at(10))).await.unwrap();

    assert_eq!(store.load(&first("a").next.key).await.unwrap(), Some(first("a").next));
}

/// Names and bodies survive, whatever they hold.
pub async fn hostile_text_in_an_answer_survives(store: &dyn Store) {
    for text in hostile() {
        let kept = answer(&text, &text, at(10));
        store.put_answer(kept.clone()).await.unwrap();

        assert_eq!(store.answer(&text, at(0)).await.unwrap(), Some(kept));
    }
}
