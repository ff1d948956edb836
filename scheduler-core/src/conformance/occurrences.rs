//! Ranges of occurrences grow in place and are read oldest first.

use super::fixtures::{
    all_done, at, done, first_of, first_with, key, other_source, range, tenant, then, write_range,
};
use crate::domain::{Cadence, Change, Cron, Disposition, Key, Range, Timestamp};
use crate::ports::Store;

/// Every field of a range survives, for every disposition.
pub async fn a_range_comes_back_as_it_was(store: &dyn Store) {
    let cron = Cron::parse("0 3 * * SUN", "Europe/Berlin").unwrap();
    let ranges: Vec<_> = Disposition::ALL
        .into_iter()
        .zip(0..)
        .map(|(disposition, hour)| Range {
            disposition,
            cadence: Cadence::Cron(cron.clone()),
            anchor: at(-7),
            slot0: Some(at(-3)),
            ..range(at(hour * 3_600), 12)
        })
        .collect();

    done(store, first_with("a", ranges.iter().map(write_range).collect())).await;

    assert_eq!(all(store, &key("a")).await, ranges);
}

/// The oldest comes first, whatever the order of the writes.
pub async fn the_oldest_range_comes_first(store: &dyn Store) {
    let ranges = [50, 10, 40, 20, 30].map(|minutes| range(at(minutes * 60), 1));

    done(store, first_with("a", ranges.iter().map(write_range).collect())).await;

    let found: Vec<_> = all(store, &key("a")).await.iter().map(|range| range.first).collect();
    assert_eq!(found, [10, 20, 30, 40, 50].map(|minutes| at(minutes * 60)));
}

/// A range that is written again is replaced by its key and first slot.
pub async fn a_range_grows_in_place(store: &dyn Store) {
    let mut change = first_with("a", vec![write_range(&range(at(0), 1))]);
    for count in 2..6 {
        let next = Change { writes: vec![write_range(&range(at(0), count))], ..then(&change) };
        done(store, std::mem::replace(&mut change, next)).await;
    }

    done(store, change).await;

    assert_eq!(all(store, &key("a")).await, [range(at(0), 5)]);
}

/// A range shows in each window that it touches: from `since` on, before `until`.
pub async fn a_range_shows_in_the_windows_that_it_touches(store: &dyn Store) {
    let ranges = [range(at(0), 3), range(at(900), 1), range(at(1_200), 4)];
    done(store, first_with("a", ranges.iter().map(write_range).collect())).await;
    let just_after = |secs| Timestamp::from_millis(at(secs).millis() + 1);
    let windows = [
        (at(0), at(5_000), 0..3),
        (at(300), at(301), 0..1),
        (at(600), at(900), 0..1),
        (just_after(600), at(900), 0..0),
        (at(600), just_after(900), 0..2),
        (at(900), at(1_200), 1..2),
        (at(1_500), at(1_501), 2..3),
        (at(2_100), at(9_999), 2..3),
        (just_after(2_100), at(9_999), 0..0),
        (at(-99), at(0), 0..0),
    ];

    for (since, until, expected) in windows {
        let found = store.occurrences(&key("a"), since, until).await.unwrap();
        assert_eq!(found, ranges[expected], "from {since} to {until}");
    }
}

/// Ranges belong to a tenant at a source, even when they begin at one instant.
pub async fn ranges_of_others_do_not_show(store: &dyn Store) {
    let other = Key::new(other_source(), tenant("a"));
    let with = |key: Key, count| Change { writes: vec![write_range(&range(at(0), count))], ..first_of(key) };

    all_done(store, vec![with(key("a"), 1), with(key("b"), 2), with(other.clone(), 3)]).await;

    assert_eq!(all(store, &key("a")).await, [range(at(0), 1)]);
    assert_eq!(all(store, &key("b")).await, [range(at(0), 2)]);
    assert_eq!(all(store, &other).await, [range(at(0), 3)]);
    assert!(all(store, &key("c")).await.is_empty());
}

async fn all(store: &dyn Store, key: &Key) -> Vec<Range> {
    store.occurrences(key, Timestamp::MIN, Timestamp::MAX).await.unwrap()
}
