//! When slots fall. Pure: every question takes the instants that it is about.
//!
//! Slots of an interval lie at `anchor + k * interval`, whatever a run takes. Slots of a cron expression
//! follow the wall clock of its zone, by a written rule for clock changes: a slot in a gap falls right
//! after the gap, once; a slot in a fold falls the first time, once.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeZone, Utc};

use crate::domain::{Cadence, Cron, Interval, Key, Schedule, Spec, Timestamp};

/// The slots of one cadence from one anchor.
#[derive(Debug, Clone, Copy)]
pub struct Timetable<'a> {
    cadence: &'a Cadence,
    anchor: Timestamp,
    slot0: Option<Timestamp>,
}

impl<'a> Timetable<'a> {
    /// The slots of `cadence` from `anchor`, with one more at `slot0` that precedes all others.
    pub fn new(cadence: &'a Cadence, anchor: Timestamp, slot0: Option<Timestamp>) -> Self {
        Self { cadence, anchor, slot0 }
    }

    /// The slots of a schedule.
    pub fn of(schedule: &'a Schedule) -> Self {
        Self::new(&schedule.spec.cadence, schedule.anchor, schedule.slot0)
    }

    /// The first slot after `instant`; none when the expression never matches again.
    pub fn next_after(&self, instant: Timestamp) -> Option<Timestamp> {
        match self.slot0 {
            Some(first) if instant < first => Some(first),
            _ => self.regular_after(instant),
        }
    }

    /// The slots in `(after, through]`, oldest first.
    pub fn between(self, after: Timestamp, through: Timestamp) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next_after(after), move |slot| self.next_after(*slot))
            .take_while(move |slot| *slot <= through)
    }

    /// How many slots lie in `(after, through]`.
    pub fn count(&self, after: Timestamp, through: Timestamp) -> u64 {
        let Cadence::Interval(interval) = self.cadence else {
            return self.between(after, through).count() as u64;
        };
        let Some(first) = self.next_after(after).filter(|first| *first <= through) else { return 0 };
        if Some(first) == self.slot0 {
            return 1 + self.count(first, through);
        }
        1 + (through.since(first) / interval.millis()).unsigned_abs()
    }

    /// The last slot in `(after, through]`.
    pub fn last(&self, after: Timestamp, through: Timestamp) -> Option<Timestamp> {
        self.nth_last(after, through, 1)
    }

    /// The slot in `(after, through]` from which on `n` slots remain, or the first when there are fewer.
    pub fn nth_last(&self, after: Timestamp, through: Timestamp, n: u64) -> Option<Timestamp> {
        let first = self.next_after(after).filter(|first| *first <= through)?;
        let skip = self.count(after, through).saturating_sub(n);
        match self.cadence {
            Cadence::Interval(interval) if skip > 0 => {
                let (base, steps) = match self.slot0 {
                    Some(zero) if zero == first => (self.regular_after(zero)?, skip - 1),
                    _ => (first, skip),
                };
                let steps = i64::try_from(steps).unwrap_or(i64::MAX);
                Some(Timestamp::from_millis(base.millis() + steps.saturating_mul(interval.millis())))
            }
            _ => self.between(after, through).nth(usize::try_from(skip).unwrap_or(usize::MAX)),
        }
    }

    fn regular_after(&self, instant: Timestamp) -> Option<Timestamp> {
        match self.cadence {
            Cadence::Interval(interval) => {
                let step = interval.millis();
                let passed = instant.since(self.anchor).div_euclid(step);
                let next = self.anchor.millis() + (passed + 1) * step;
                (next < Timestamp::MAX.millis()).then(|| Timestamp::from_millis(next))
            }
            Cadence::Cron(cron) => cron_after(cron, instant),
        }
    }
}

/// The first slot of `cron` after `instant`.
fn cron_after(cron: &Cron, instant: Timestamp) -> Option<Timestamp> {
    // The expression is matched against the wall clock as if it never changed, and each match is then
    // put on the real time line. In a fold the wall clock repeats, so a match may land in the past.
    let mut wall = cron.zone().wall(instant.utc());
    loop {
        let found = cron.pattern().find_next_occurrence(&Utc.from_utc_datetime(&wall), false).ok()?;
        wall = found.naive_utc();
        if found.timestamp_millis() >= Timestamp::MAX.millis() {
            return None;
        }
        let slot = Timestamp::from(on_the_time_line(cron, wall)?);
        if slot > instant {
            return Some(slot);
        }
    }
}

/// The instant at which the zone's clock first shows `wall`, or the end of the gap that swallows it.
fn on_the_time_line(cron: &Cron, wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    match cron.zone().instants(wall) {
        MappedLocalTime::Single(instant) => Some(instant),
        MappedLocalTime::Ambiguous(first, second) => Some(first.min(second)),
        MappedLocalTime::None => Some(gap_end(cron, wall)),
    }
}

/// The instant at which the zone's clock jumps over `wall`: the first at which it shows a later time.
fn gap_end(cron: &Cron, wall: NaiveDateTime) -> DateTime<Utc> {
    let guess = Utc.from_utc_datetime(&wall).timestamp();
    let (mut before, mut after) = (guess - 15 * 3600, guess + 15 * 3600);
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        let shown = cron.zone().wall(DateTime::from_timestamp(middle, 0).unwrap_or_default());
        if shown > wall { after = middle } else { before = middle }
    }
    DateTime::from_timestamp(after, 0).unwrap_or_default()
}

/// When a slot is to start: the slot itself plus its own fixed draw of jitter, before the next slot.
pub fn due(schedule: &Schedule, key: &Key, slot: Timestamp) -> Timestamp {
    let jitter = i64::from(schedule.spec.jitter_sec) * 1000;
    if jitter == 0 || Some(slot) == schedule.slot0 {
        return slot;
    }
    let room = match schedule.spec.cadence {
        Cadence::Interval(interval) => interval.millis(),
        Cadence::Cron(_) => Timetable::of(schedule).next_after(slot).map_or(jitter, |next| next.since(slot)),
    };
    let draw = draw(key, slot.millis().unsigned_abs()) % jitter.min(room).unsigned_abs().max(1);
    Timestamp::from_millis(slot.millis() + i64::try_from(draw).unwrap_or(0))
}

/// A number that is spread evenly over keys and salts, and the same on every machine.
pub(crate) fn draw(key: &Key, salt: u64) -> u64 {
    let bytes = key.source.as_str().bytes().chain([0]).chain(key.tenant.as_str().bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mut mixed = hash ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The anchor of the `place`-th schedule of a source: a low-discrepancy sequence over the interval
/// (multiples of the golden ratio), so that any number of schedules is spread evenly.
pub fn anchor(interval: Interval, place: u64) -> Timestamp {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let fraction = u128::from(place.wrapping_mul(GOLDEN));
    let offset = (fraction * u128::from(interval.millis().unsigned_abs())) >> 64;
    let epoch = Timestamp::MIN.millis();
    let aligned = epoch - epoch.rem_euclid(interval.millis()) + interval.millis();
    Timestamp::from_millis(aligned + i64::try_from(offset).unwrap_or(0))
}

/// The first occurrences of a spec that has yet to be stored, from `now` on.
pub fn preview(spec: &Spec, anchor: Timestamp, now: Timestamp, count: usize) -> Vec<Timestamp> {
    let from = spec.starts_at.map_or(now, |start| now.max(Timestamp::from_millis(start.millis() - 1)));
    Timetable::new(&spec.cadence, anchor, None)
        .between(from, spec.ends_at.unwrap_or(Timestamp::MAX))
        .take(count)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Limits;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn cron(text: &str, zone: &str) -> Cadence {
        Cadence::Cron(Cron::parse(text, zone).unwrap())
    }

    fn slots(cadence: &Cadence, after: &str, through: &str) -> Vec<String> {
        let anchor = Timestamp::MIN;
        Timetable::new(cadence, anchor, None).between(at(after), at(through)).map(Timestamp::iso).collect()
    }

    #[test]
    fn a_cron_slot_in_a_gap_runs_once_right_after_it() {
        let half_past_two = cron("30 2 * * *", "America/Chicago");

        let found = slots(&half_past_two, "2026-03-07T12:00:00Z", "2026-03-10T00:00:00Z");

        // On 2026-03-08 the clock goes from 02:00 CST (08:00Z) to 03:00 CDT.
        assert_eq!(found, ["2026-03-08T08:00:00Z", "2026-03-09T07:30:00Z"]);
    }

    #[test]
    fn many_slots_in_one_gap_become_one() {
        let quarter_hours = cron("*/15 2 * * *", "America/Chicago");

        let found = slots(&quarter_hours, "2026-03-08T06:00:00Z", "2026-03-08T20:00:00Z");

        assert_eq!(found, ["2026-03-08T08:00:00Z"]);
    }

    #[test]
    fn a_cron_slot_in_a_fold_runs_the_first_time_only() {
        let half_past_one = cron("30 1 * * *", "America/Chicago");

        let found = slots(&half_past_one, "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z");

        // On 2026-11-01 01:30 happens at 06:30Z (CDT) and again at 07:30Z (CST).
        assert_eq!(found, ["2026-11-01T06:30:00Z", "2026-11-02T07:30:00Z"]);
    }

    #[test]
    fn the_rule_holds_at_every_transition_of_many_zones() {
        for zone in
            ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tehran"]
        {
            let cadence = cron("*/10 * * * *", zone);
            let table = Timetable::new(&cadence, Timestamp::MIN, None);
            let mut last = at("2020-01-01T00:00:00Z");
            for slot in table.between(last, at("2024-01-01T00:00:00Z")) {
                assert!(slot > last, "{zone}: {slot} after {last}");
                assert!(slot.since(last) <= 130 * 60_000, "{zone}: nothing between {last} and {slot}");
                last = slot;
            }
        }
    }

    #[test]
    fn counting_agrees_with_walking() {
        let limits = Limits::default();
        for (secs, place) in [(60, 0), (300, 7), (7, 12), (86_400, 3)] {
            let interval = Interval::within(secs, limits).unwrap();
            let cadence = Cadence::Interval(interval);
            let start = at("2026-11-22T10:57:00Z");
            for slot0 in [None, Some(start)] {
                let table = Timetable::new(&cadence, anchor(interval, place), slot0);
                let after = Timestamp::from_millis(start.millis() - 1);
                for span in [0, 1, 6_999, 60_000, 3_600_000] {
                    let through = Timestamp::from_millis(start.millis() + span);
                    let walked: Vec<_> = table.between(after, through).collect();
                    assert_eq!(table.count(after, through), walked.len() as u64);
                    assert_eq!(table.last(after, through), walked.last().copied());
                    let fourth = walked.len().saturating_sub(4);
                    assert_eq!(table.nth_last(after, through, 4), walked.get(fourth).copied());
                }
            }
        }
    }

    #[test]
    fn ten_thousand_tenants_never_bunch() {
        let interval = Interval::within(300, Limits::default()).unwrap();
        let mut phases: Vec<_> =
            (0..10_000).map(|place| anchor(interval, place).millis().rem_euclid(300_000)).collect();
        phases.sort_unstable();

        let busiest = phases.chunk_by(|a, b| a / 1000 == b / 1000).map(<[i64]>::len).max().unwrap();

        assert!(busiest <= 36, "33.3 a second on average, at most {busiest}");
    }
}
