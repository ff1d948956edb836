//! What a record's state implies. Computed on every read, never kept beside it.

use std::time::Duration;

use crate::domain::{Disposition, Key, Range, Record, Schedule, Spec, Timestamp};
use crate::timetable::{self, Timetable};

/// When the record next wants attention: a slot, a retry, the end of a lease or of a timed pause.
pub fn due_at(schedule: &Schedule, key: &Key) -> Option<Timestamp> {
    if let Some(run) = &schedule.run {
        return Some(run.until);
    }
    let retry = schedule.retry.as_ref().filter(|retry| schedule.pause.is_none() || retry.slot.is_none());
    let next = match &schedule.pause {
        Some(pause) => pause.until,
        None => next_slot(schedule, key, schedule.accounted),
    };
    [retry.map(|retry| retry.at), next].into_iter().flatten().min()
}

/// When the record next wants attention: its schedule, or the bulk command that is kept in it.
pub fn attention_at(record: &Record) -> Option<Timestamp> {
    match &record.bulk {
        Some(bulk) => bulk.due_at(),
        None => record.schedule.as_ref().and_then(|schedule| due_at(schedule, &record.key)),
    }
}

/// When the next run starts by itself; none while paused or when nothing is left to come.
///
/// An instant at or before `now` means that it is due.
pub fn next_run(schedule: &Schedule, key: &Key, now: Timestamp) -> Option<Timestamp> {
    if schedule.pause.is_some() {
        return None;
    }
    if schedule.run.is_some() {
        return next_slot(schedule, key, schedule.accounted.max(now));
    }
    let retry = schedule.retry.as_ref().map(|retry| retry.at);
    [retry, next_slot(schedule, key, schedule.accounted)].into_iter().flatten().min()
}

/// The due instant of the earliest slot that has no run yet; none while paused or when nothing is left to come.
///
/// Unlike [`next_run`] it looks past no run in flight: while one hangs, the slots behind it wait.
pub fn unserved_since(schedule: &Schedule, key: &Key) -> Option<Timestamp> {
    match schedule.pause {
        Some(_) => None,
        None => next_slot(schedule, key, schedule.accounted),
    }
}

/// The due instant of the first slot after `after` that may run.
fn next_slot(schedule: &Schedule, key: &Key, after: Timestamp) -> Option<Timestamp> {
    let probe = schedule.breaker.as_ref().map(|breaker| breaker.probe_at);
    let earliest = [schedule.spec.starts_at, schedule.hold, probe].into_iter().flatten().max();
    let from = earliest.map_or(after, |earliest| after.max(just_before(earliest)));
    let slot = Timetable::of(schedule).next_after(from)?;
    schedule.spec.ends_at.is_none_or(|end| slot <= end).then(|| timetable::due(schedule, key, slot))
}

/// The last slot without a disposition whose time has come, bounds aside.
pub(super) fn passed(schedule: &Schedule, key: &Key, now: Timestamp) -> Option<Timestamp> {
    let table = Timetable::of(schedule);
    let last = table.last(schedule.accounted, now)?;
    if timetable::due(schedule, key, last) <= now {
        return Some(last);
    }
    table.last(schedule.accounted, just_before(last))
}

/// Cuts `(after, through]` at the spec's bounds: for each part, what its slots are and where it ends.
pub(super) fn within_bounds(
    spec: &Spec,
    after: Timestamp,
    through: Timestamp,
    disposition: Disposition,
) -> impl Iterator<Item = (Disposition, Timestamp)> + use<> {
    let before = spec.starts_at.map(just_before).filter(|end| *end > after);
    let inside = spec.ends_at.filter(|end| *end < through);
    let parts = [
        before.map(|end| (Disposition::OutsideBounds, end.min(through))),
        Some((disposition, inside.unwrap_or(through))),
        inside.map(|_| (Disposition::OutsideBounds, through)),
    ];
    let mut reached = after;
    parts.into_iter().flatten().filter(move |(_, end)| {
        let advances = *end > reached;
        reached = reached.max(*end);
        advances
    })
}

/// The ranges that the slots up to `now` without a disposition would end in if nothing ran any more,
/// and how many of them are still waiting to run.
///
/// With the stored ranges they account for every slot up to `now`.
pub fn open_ranges(schedule: &Schedule, key: &Key, now: Timestamp) -> (Vec<Range>, u64) {
    let disposition = if schedule.pause.is_some() {
        Some(Disposition::Paused)
    } else if schedule.breaker.is_some() {
        Some(Disposition::Broken)
    } else if schedule.hold.is_some_and(|until| now < until) {
        Some(Disposition::RateLimited)
    } else if schedule.run.is_some() && schedule.backlog.is_none() {
        Some(Disposition::SkippedOverlap)
    } else {
        None
    };
    let (mut ranges, mut waiting, mut after) = (Vec::new(), 0, schedule.accounted);
    let table = Timetable::of(schedule);
    let asked = disposition.unwrap_or(Disposition::Ran);
    let through = match disposition {
        Some(_) => passed(schedule, key, now).unwrap_or(after).max(after),
        None => now.max(after),
    };
    for (part, end) in within_bounds(&schedule.spec, after, through, asked) {
        let count = table.count(after, end);
        if part == Disposition::Ran {
            waiting += count;
        } else if let (Some(first), Some(last)) = (table.next_after(after), table.last(after, end)) {
            ranges.push(Range {
                disposition: part,
                first,
                last,
                count,
                cadence: schedule.spec.cadence.clone(),
                anchor: schedule.anchor,
                slot0: schedule.slot0,
            });
        }
        after = end;
    }
    waiting += table.count(after, now.max(after));
    (ranges, waiting)
}

/// The instant before, at the resolution of the clock.
pub(super) fn just_before(instant: Timestamp) -> Timestamp {
    instant - Duration::from_millis(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Interval, Limits};

    #[test]
    fn bounds_cut_a_stretch_into_what_lies_before_within_and_after() {
        let at = |secs: i64| Timestamp::from_secs(1_800_000_000 + secs);
        let mut spec = Spec::every(Interval::within(60, Limits::default()).unwrap());
        let cut = |spec: &Spec| within_bounds(spec, at(0), at(1000), Disposition::Ran).collect::<Vec<_>>();

        assert_eq!(cut(&spec), [(Disposition::Ran, at(1000))]);
        spec.starts_at = Some(at(100));
        spec.ends_at = Some(at(900));
        let outside = Disposition::OutsideBounds;
        assert_eq!(
            cut(&spec),
            [(outside, just_before(at(100))), (Disposition::Ran, at(900)), (outside, at(1000))]
        );
        spec.starts_at = Some(at(2000));
        spec.ends_at = None;
        assert_eq!(cut(&spec), [(outside, at(1000))]);
    }
}
