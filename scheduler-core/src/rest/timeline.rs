//! How many runs start when: those to come, from the timetables, and those that were.

use std::collections::BinaryHeap;
use std::ops::ControlFlow;
use std::time::Duration;

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Surface;
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::query::{LONGEST_PAGE, PAGE};
use super::reply::json;
use crate::domain::{Cadence, Role, RunState, Schedule, Scope, Source, Tenant, Timestamp};
use crate::ports::RunQuery;
use crate::timetable::Timetable;

/// Stretches of a window.
const MOST: i64 = 1500;
/// Runs that are read for the part that has passed.
const READ: usize = 10_000;

/// One stretch of the window.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineBucket)]
struct Bucket {
    at: Epoch,
    at_iso: Iso,
    /// Slots to come in it, of schedules that are not paused; jitter aside.
    due: u64,
    /// Runs that were started in it.
    ran: u64,
    /// Of those, runs that succeeded.
    succeeded: u64,
    /// Of those, runs that failed, took too long or were abandoned.
    failed: u64,
}

/// A run that is to come.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineStart)]
struct Start {
    #[schema(value_type = String)]
    tenant: Tenant,
    /// Its slot, jitter aside.
    at: Epoch,
    at_iso: Iso,
}

/// How many runs start when.
#[derive(Serialize, ToSchema)]
#[schema(as = TimelineAnswer)]
struct Timeline {
    ok: bool,
    from: Epoch,
    from_iso: Iso,
    until: Epoch,
    until_iso: Iso,
    bucket_sec: u64,
    buckets: Vec<Bucket>,
    /// From here on `ran` is whole: of the runs in the window, the latest 10,000 are counted.
    ran_since: Epoch,
    ran_since_iso: Iso,
    /// The first of the slots to come, by name.
    starts: Vec<Start>,
}

/// Which window is wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct TimelineQuery {
    /// The start (default: now), set back to a whole stretch: an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    from: Option<String>,
    /// The end (default: an hour after the start): an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    until: Option<String>,
    /// The length of a stretch (default 60). A window has at most 1,500 of them.
    #[param(minimum = 1, maximum = 86_400, required = false)]
    bucket_sec: Option<u32>,
    /// Only this tenant's.
    #[param(pattern = "^[a-z0-9][a-z0-9._-]{0,63}$", required = false)]
    tenant: Option<String>,
    /// How many slots to come to name, the earliest first (default 0).
    #[param(minimum = 0, maximum = 1000, required = false)]
    starts: Option<u32>,
}

/// Count the runs of a window by when they start.
#[utoipa::path(get, path = "/api/crm/import/{source}/timeline", tag = "runs", operation_id = "timeline",
    params(TimelineQuery), responses((status = 200, description = "The counts", body = Timeline)))]
pub(super) async fn timeline(call: &mut Call) -> Result<Response> {
    let grant = call.of_source(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let bucket_sec = params.number("bucket_sec", 1, 86_400)?.unwrap_or(60);
    let bucket = i64::try_from(bucket_sec).unwrap_or(60) * 1000;
    let now = shared.now();
    let from = params.instant("from")?.unwrap_or(now).millis().div_euclid(bucket) * bucket;
    let hour = Duration::from_secs(3600);
    let until = params.instant("until")?.unwrap_or_else(|| Timestamp::from_millis(from) + hour).millis();
    let count = (until - from + bucket - 1).div_euclid(bucket);
    if !(1..=MOST).contains(&count) {
        return Err(Error::field(
            "until",
            format!("must lie after from, at most {MOST} stretches of bucket_sec"),
        ));
    }
    let window = Window { from, bucket, count };
    let scope = params.within(&grant.principal.scope)?;
    let room = params.number("starts", 0, LONGEST_PAGE as u64)?.unwrap_or(0);
    let mut first = Earliest { room: usize::try_from(room).unwrap_or(PAGE), starts: BinaryHeap::new() };
    let due = shared.due_in(&grant.source, &scope, &window, now, &mut first).await?;
    let (ran, ran_since) = shared.ran_in(&grant.source, scope, &window, now).await?;
    let buckets = (0..).zip(due).zip(ran).map(|((place, due), counts)| {
        let at = Timestamp::from_millis(window.edge(place));
        let Ran { ran, succeeded, failed } = counts;
        Bucket { at: Epoch(at), at_iso: Iso(at), due, ran, succeeded, failed }
    });
    let (from, until) = (Timestamp::from_millis(from), Timestamp::from_millis(window.edge(count)));
    json(&Timeline {
        ok: true,
        from: Epoch(from),
        from_iso: Iso(from),
        until: Epoch(until),
        until_iso: Iso(until),
        bucket_sec,
        buckets: buckets.collect(),
        ran_since: Epoch(ran_since),
        ran_since_iso: Iso(ran_since),
        starts: first.named(),
    })
}

/// The earliest slots, at most so many.
struct Earliest {
    room: usize,
    starts: BinaryHeap<(Timestamp, Tenant)>,
}

impl Earliest {
    /// Takes those of a schedule's slots that are among the earliest; they come in order.
    fn add(&mut self, tenant: &Tenant, slots: impl Iterator<Item = Timestamp>) {
        for slot in slots {
            let full = self.starts.len() >= self.room;
            if full && self.starts.peek().is_none_or(|(last, _)| *last <= slot) {
                return;
            }
            self.starts.push((slot, tenant.clone()));
            if full {
                self.starts.pop();
            }
        }
    }

    fn named(self) -> Vec<Start> {
        let start = |(at, tenant)| Start { tenant, at: Epoch(at), at_iso: Iso(at) };
        self.starts.into_sorted_vec().into_iter().map(start).collect()
    }
}

/// Runs that were started in a stretch.
#[derive(Clone, Default)]
struct Ran {
    ran: u64,
    succeeded: u64,
    failed: u64,
}

/// How a run ends that does not end well.
const BAD: [RunState; 3] = [RunState::Failed, RunState::TimedOut, RunState::Abandoned];

/// Stretches of equal length, in milliseconds.
struct Window {
    from: i64,
    bucket: i64,
    count: i64,
}

impl Window {
    fn edge(&self, place: i64) -> i64 {
        self.from + place * self.bucket
    }

    fn empty<T: Clone + Default>(&self) -> Vec<T> {
        vec![T::default(); usize::try_from(self.count).unwrap_or(0)]
    }

    /// Counts in the stretch that the instant lies in.
    fn at<T>(&self, counts: &mut [T], instant: Timestamp, count: impl FnOnce(&mut T)) {
        let place = (instant.millis() - self.from).div_euclid(self.bucket);
        if let Some(counts) = usize::try_from(place).ok().and_then(|place| counts.get_mut(place)) {
            count(counts);
        }
    }
}

/// Slots of schedules that share an interval: they come again and again, so that it is enough to know
/// in which second of the interval each first falls.
struct Rounds {
    firsts: Vec<u64>,
}

impl Rounds {
    /// How many slots fall in the first `seconds`.
    fn until(sums: &[u64], seconds: i64) -> u64 {
        let interval = i64::try_from(sums.len()).unwrap_or(1) - 1;
        let (rounds, rest) = (seconds.div_euclid(interval), seconds.rem_euclid(interval));
        let rest = usize::try_from(rest).unwrap_or(0);
        rounds.unsigned_abs() * sums[sums.len() - 1] + sums[rest]
    }

    fn add_to(&self, counts: &mut [u64], start: i64, window: &Window) {
        let mut sums = vec![0];
        sums.extend(self.firsts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        }));
        let second = |edge: i64| Self::until(&sums, (edge - start).div_euclid(1000).max(0));
        for (place, count) in (0..).zip(counts) {
            *count += second(window.edge(place + 1)) - second(window.edge(place));
        }
    }
}

impl Surface {
    /// Slots to come, by stretch. The work grows with the schedules, not with their slots.
    async fn due_in(
        &self,
        source: &Source,
        scope: &Scope,
        window: &Window,
        now: Timestamp,
        first: &mut Earliest,
    ) -> Result<Vec<u64>> {
        let mut counts = window.empty();
        let end = Timestamp::from_millis(window.edge(window.count) - 1);
        // Whole seconds, so that edges of stretches, which are too, never cut one.
        let start = window.from.max(now.millis()).div_euclid(1000) * 1000;
        // In the order of their intervals.
        let mut rounds: Vec<Rounds> = Vec::new();
        self.engine
            .walk(source, scope, None, usize::MAX, &mut |record, schedule| {
                if let Some((after, through)) = awake(schedule, start, end)
                    && let Some(next) = Timetable::of(schedule).next_after(after)
                {
                    first.add(&record.key.tenant, Timetable::of(schedule).between(after, through));
                    let second =
                        usize::try_from((next.millis() - start).div_euclid(1000)).unwrap_or(usize::MAX);
                    match &schedule.spec.cadence {
                        Cadence::Interval(interval)
                            if through == end
                                && second < interval.secs() as usize
                                && schedule.slot0 != Some(next) =>
                        {
                            let length = interval.secs() as usize;
                            let place = rounds.binary_search_by_key(&length, |class| class.firsts.len());
                            let place = place.unwrap_or_else(|place| {
                                rounds.insert(place, Rounds { firsts: vec![0; length] });
                                place
                            });
                            rounds[place].firsts[second] += 1;
                        }
                        _ => Timetable::of(schedule)
                            .between(after, through)
                            .for_each(|slot| window.at(&mut counts, slot, |due| *due += 1)),
                    }
                }
                ControlFlow::Continue(())
            })
            .await?;
        rounds.iter().for_each(|class| class.add_to(&mut counts, start, window));
        Ok(counts)
    }

    /// What ran, and from when on it was all counted. Failures always are, up to a page of each kind more.
    async fn ran_in(
        &self,
        source: &Source,
        scope: Scope,
        window: &Window,
        now: Timestamp,
    ) -> Result<(Vec<Ran>, Timestamp)> {
        let (mut counts, since) = (window.empty(), Timestamp::from_millis(window.from));
        if since > now {
            return Ok((counts, since));
        }
        let mut query = RunQuery {
            source: source.clone(),
            scope,
            state: None,
            trigger: None,
            since: Some(since),
            until: Some(Timestamp::from_millis(window.edge(window.count))),
            cursor: None,
            limit: LONGEST_PAGE,
        };
        let store = self.engine.store();
        let mut reached = now;
        for _ in 0..READ / LONGEST_PAGE {
            let page = store.runs(&query).await?;
            for run in &page.rows {
                window.at(&mut counts, run.started, |counts: &mut Ran| {
                    counts.ran += 1;
                    counts.succeeded += u64::from(run.state == RunState::Succeeded);
                    counts.failed += u64::from(BAD.contains(&run.state));
                });
                reached = run.started;
            }
            match page.next {
                None => return Ok((counts, since)),
                next => query.cursor = next,
            }
        }
        for state in BAD {
            let page = store.runs(&RunQuery { state: Some(state), ..query.clone() }).await?;
            for run in &page.rows {
                window.at(&mut counts, run.started, |counts| counts.failed += 1);
            }
        }
        Ok((counts, reached))
    }
}

/// The part `(after, through]` of a window in which slots of the schedule run; none while it is paused.
fn awake(schedule: &Schedule, start: i64, end: Timestamp) -> Option<(Timestamp, Timestamp)> {
    if schedule.pause.is_some() {
        return None;
    }
    let before = |instant: Timestamp| instant - Duration::from_millis(1);
    let probe = schedule.breaker.as_ref().map(|breaker| breaker.probe_at);
    let earliest = [schedule.spec.starts_at, schedule.hold, probe].into_iter().flatten().map(before).max();
    let after = before(Timestamp::from_millis(start)).max(earliest.unwrap_or(Timestamp::MIN));
    let after = after.max(schedule.accounted);
    let through = schedule.spec.ends_at.map_or(end, |last| last.min(end));
    (after < through).then_some((after, through))
}
