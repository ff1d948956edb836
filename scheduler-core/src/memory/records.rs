//! Current records, found by key, by name order and by due instant.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use crate::domain::{Key, Record, Source, Spec, Tenant, Timestamp};

/// The current record of every key.
///
/// It is the memory store's heart, and what a durable store that has one writer may keep beside its
/// tables to answer reads. It compares nothing: the store around it does, by [`Records::version_of`].
///
/// A record costs about a hundred bytes beyond itself. Equal specs and names are kept once.
///
/// ```
/// use std::sync::Arc;
/// use scheduler_core::domain::{Key, Record, Source, Tenant, Timestamp};
/// use scheduler_core::memory::Records;
///
/// let key = Key::new(Source::parse("acculynx")?, Tenant::parse("peakpro")?);
/// let record = Record { version: 1, ..Record::new(key.clone()) };
/// let noon = Timestamp::from_secs(1_800_000_000);
///
/// let mut records = Records::new();
/// records.put(Arc::new(record), Some(noon));
///
/// assert_eq!(records.version_of(&key), 1);
/// assert_eq!(records.next_due(None), Some(noon));
/// # Ok::<(), scheduler_core::domain::InvalidName>(())
/// ```
#[derive(Default)]
pub struct Records {
    /// Never shrinks: a record outlives its schedule, so a slot is its record's for good.
    slots: Vec<Slot>,
    sources: BTreeMap<Source, Tenants>,
    due: BTreeSet<(Timestamp, usize)>,
    specs: Specs,
    version: u64,
}

struct Slot {
    record: Arc<Record>,
    due_at: Option<Timestamp>,
}

#[derive(Default)]
struct Tenants {
    slots: HashMap<Tenant, usize>,
    /// Those with a schedule.
    scheduled: BTreeSet<Tenant>,
    /// The placement counter.
    places: u64,
}

impl Records {
    /// Holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The record of `key`, with a schedule or without.
    pub fn get(&self, key: &Key) -> Option<&Arc<Record>> {
        self.slot(key).map(|slot| &self.slots[slot].record)
    }

    /// The version that is held of `key`; zero when there is none.
    pub fn version_of(&self, key: &Key) -> u64 {
        self.get(key).map_or(0, |record| record.version)
    }

    /// Replaces the record and its place among the due ones; raises the version by one.
    pub fn put(&mut self, mut next: Arc<Record>, due_at: Option<Timestamp>) {
        let slot = match self.slot(&next.key) {
            Some(slot) => slot,
            None => self.add(&mut next),
        };
        let before = &self.slots[slot];
        self.specs.share(&mut next, before.record.schedule.as_ref().map(|schedule| &schedule.spec));
        if before.due_at != due_at {
            before.due_at.map(|due_at| self.due.remove(&(due_at, slot)));
            due_at.map(|due_at| self.due.insert((due_at, slot)));
        }
        if before.record.schedule.is_some() != next.schedule.is_some() {
            self.list(&next);
        }
        self.slots[slot] = Slot { record: next, due_at };
        self.version += 1;
    }

    /// Records of a source that have a schedule, in the order of their tenants, after `after`.
    pub fn scan(&self, source: &Source, after: Option<&Tenant>, limit: usize) -> Vec<Arc<Record>> {
        let Some(tenants) = self.sources.get(source) else {
            return Vec::new();
        };
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        tenants
            .scheduled
            .range::<Tenant, _>((start, Bound::Unbounded))
            .filter_map(|tenant| tenants.slots.get(tenant))
            .take(limit)
            .map(|slot| Arc::clone(&self.slots[*slot].record))
            .collect()
    }

    /// Records that are due at or before `now`, earliest first.
    pub fn due(&self, now: Timestamp, limit: usize) -> Vec<Arc<Record>> {
        self.due
            .range(..=(now, usize::MAX))
            .take(limit)
            .map(|(_, slot)| Arc::clone(&self.slots[*slot].record))
            .collect()
    }

    /// The earliest instant later than `after`, or of all, at which a record is due.
    pub fn next_due(&self, after: Option<Timestamp>) -> Option<Timestamp> {
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded((after, usize::MAX)));
        self.due.range((from, Bound::Unbounded)).next().map(|(due_at, _)| *due_at)
    }

    /// Counts every [`Records::put`], from where [`Records::set_version`] put it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Goes on counting from `version`, as after a restart.
    pub fn set_version(&mut self, version: u64) {
        self.version = version;
    }

    /// Takes `count` places from the source's placement counter, and returns the first.
    pub fn place(&mut self, source: &Source, count: u64) -> u64 {
        let places = &mut self.tenants(source).places;
        let first = *places;
        *places = first.saturating_add(count);
        first
    }

    /// How many records there are, those without a schedule included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    fn slot(&self, key: &Key) -> Option<usize> {
        self.sources.get(&key.source)?.slots.get(&key.tenant).copied()
    }

    fn tenants(&mut self, source: &Source) -> &mut Tenants {
        self.sources.entry(source.clone()).or_default()
    }

    /// Gives a record that is new its slot.
    fn add(&mut self, next: &mut Arc<Record>) -> usize {
        let key = &next.key;
        self.tenants(&key.source);
        if let Some((source, _)) = self.sources.get_key_value(&key.source)
            && !std::ptr::eq(source.as_str(), key.source.as_str())
        {
            Arc::make_mut(next).key.source = source.clone();
        }
        self.specs.share(next, None);
        let slot = self.slots.len();
        self.slots.push(Slot { record: Arc::clone(next), due_at: None });
        self.tenants(&next.key.source).slots.insert(next.key.tenant.clone(), slot);
        self.list(next);
        slot
    }

    /// Enters a record among those with a schedule, or takes it out.
    fn list(&mut self, record: &Record) {
        let scheduled = &mut self.tenants(&record.key.source).scheduled;
        if record.schedule.is_some() {
            scheduled.insert(record.key.tenant.clone());
        } else {
            scheduled.remove(&record.key.tenant);
        }
    }
}

/// The specs that were met last, so that thousands of schedules that are alike hold one.
#[derive(Default)]
struct Specs(VecDeque<Arc<Spec>>);

impl Specs {
    const KEPT: usize = 16;

    /// Lets `next` hold a spec that is already there, if it has an equal one of its own.
    fn share(&mut self, next: &mut Arc<Record>, before: Option<&Arc<Spec>>) {
        let Some(schedule) = &next.schedule else {
            return;
        };
        if before.is_some_and(|before| Arc::ptr_eq(before, &schedule.spec)) {
            return;
        }
        let Some(known) = self.0.iter().find(|known| **known == schedule.spec).cloned() else {
            self.0.truncate(Self::KEPT - 1);
            self.0.push_front(Arc::clone(&schedule.spec));
            return;
        };
        if !Arc::ptr_eq(&known, &schedule.spec)
            && let Some(schedule) = &mut Arc::make_mut(next).schedule
        {
            schedule.spec = known;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Interval, Limits, Schedule};

    #[test]
    fn the_due_ones_follow_each_reschedule() {
        let mut records = Records::new();

        records.put(record("a", 300), Some(at(30)));
        records.put(record("b", 300), Some(at(10)));
        records.put(record("c", 300), Some(at(20)));
        assert_eq!(names(records.due(at(20), 9)), ["b", "c"]);
        assert_eq!(names(records.due(at(99), 2)), ["b", "c"]);

        records.put(record("b", 300), Some(at(40)));
        records.put(record("c", 300), None);
        assert_eq!(names(records.due(at(99), 9)), ["a", "b"]);
        assert_eq!(records.next_due(None), Some(at(30)));
        assert_eq!(records.version(), 5);
    }

    #[test]
    fn a_record_without_a_schedule_is_held_but_not_scanned() {
        let mut records = Records::new();
        let gone = record("b", 300);
        let tombstone = Record { version: 2, schedule: None, ..Record::clone(&gone) };

        for tenant in ["c", "a", "b"] {
            records.put(record(tenant, 300), None);
        }
        records.put(Arc::new(tombstone), None);

        assert_eq!(names(records.scan(&source(), None, 9)), ["a", "c"]);
        assert_eq!(names(records.scan(&source(), Some(&gone.key.tenant), 9)), ["c"]);
        assert_eq!(records.version_of(&gone.key), 2);
        assert_eq!(records.len(), 3);

        records.put(gone, None);
        assert_eq!(names(records.scan(&source(), None, 2)), ["a", "b"]);
    }

    #[test]
    fn equal_specs_are_held_once() {
        let mut records = Records::new();

        records.put(record("a", 300), None);
        records.put(record("b", 300), None);
        records.put(record("c", 600), None);

        let specs: Vec<_> = ["a", "b", "c"].map(|tenant| spec_of(&records, tenant)).into();
        assert!(Arc::ptr_eq(&specs[0], &specs[1]));
        assert_eq!(specs[2].interval().map(Interval::secs), Some(600));
    }

    #[test]
    fn a_source_is_named_once() {
        let mut records = Records::new();

        records.put(record("a", 300), None);
        records.put(record("b", 300), None);

        let held = records.scan(&source(), None, 2);
        assert!(std::ptr::eq(held[0].key.source.as_str(), held[1].key.source.as_str()));
    }

    #[test]
    fn places_are_counted_per_source() {
        let mut records = Records::new();

        assert_eq!(records.place(&source(), 3), 0);
        assert_eq!(records.place(&source(), 1), 3);
        assert_eq!(records.place(&Source::parse("other").unwrap(), 1), 0);
    }

    #[test]
    fn a_record_is_small() {
        assert!(size_of::<Record>() <= 288, "{}", size_of::<Record>());
        assert!(size_of::<Slot>() <= 24, "{}", size_of::<Slot>());
    }

    fn names(records: Vec<Arc<Record>>) -> Vec<String> {
        records.iter().map(|record| record.key.tenant.to_string()).collect()
    }

    fn spec_of(records: &Records, tenant: &str) -> Arc<Spec> {
        let key = Key::new(source(), Tenant::parse(tenant).unwrap());
        records.get(&key).and_then(|record| record.schedule.clone()).unwrap().spec
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + secs)
    }

    fn source() -> Source {
        Source::parse("acculynx").unwrap()
    }

    fn record(tenant: &str, secs: u64) -> Arc<Record> {
        let schedule = Schedule {
            spec: Arc::new(Spec::every(Interval::within(secs, Limits::default()).unwrap())),
            created: at(0),
            anchor: at(0),
            slot0: None,
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
        };
        let key = Key::new(source(), Tenant::parse(tenant).unwrap());
        Arc::new(Record { version: 1, schedule: Some(schedule), ..Record::new(key) })
    }
}
