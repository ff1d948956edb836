//! What became of each slot of a window.

use std::time::Duration;

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::Surface;
use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::query::{PAGE, cursor};
use super::reply::json;
use crate::domain::{Cadence, Disposition, Key, Range, Role, Timestamp};
use crate::machine::open_ranges;
use crate::timetable::Timetable;

/// The longest window, so that a cron expression is not walked through for years.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

/// Consecutive slots that ended alike.
#[derive(Serialize, ToSchema)]
#[schema(as = Occurrences)]
pub(super) struct RangeView {
    disposition: Disposition,
    /// The first slot.
    first: Epoch,
    first_iso: Iso,
    /// The last slot.
    last: Epoch,
    last_iso: Iso,
    /// How many slots there are.
    count: u64,
    /// Seconds between slots, where they fell at a fixed rate.
    interval_sec: Option<u32>,
    /// The cron expression that they followed.
    cron: Option<String>,
}

/// The slots of a window by what became of them.
#[derive(Serialize, ToSchema)]
#[schema(as = OccurrencesAnswer)]
struct Occurrences<'a> {
    ok: bool,
    tenant: &'a str,
    since: Epoch,
    since_iso: Iso,
    until: Epoch,
    until_iso: Iso,
    /// Oldest first.
    occurrences: Vec<RangeView>,
    /// Slots that are still waiting to run.
    pending: u64,
    /// Slots in the window: the counts of all its occurrences and `pending`.
    total: u64,
    next_cursor: Option<String>,
}

/// Which window is wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct WindowQuery {
    /// From here on (default: a day before `until`): an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    since: Option<String>,
    /// Up to here (default: now): an RFC 3339 instant or epoch seconds.
    #[param(required = false)]
    until: Option<String>,
    /// Ranges of a page.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// Where the page begins: the `next_cursor` of the one before.
    #[param(max_length = 1024, required = false)]
    cursor: Option<String>,
}

/// Account for every slot of a window.
///
/// Both ends belong to the window. The counts add up to the slots in it.
#[utoipa::path(get, path = "/api/crm/import/{source}/occurrences", tag = "runs", operation_id = "listOccurrences",
    params(WindowQuery),
    responses((status = 200, description = "The slots of the window", body = Occurrences<'static>)))]
pub(super) async fn list(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let until = params.instant("until")?.unwrap_or_else(|| shared.now());
    let day = Duration::from_secs(24 * 3600);
    let since = params.instant("since")?.unwrap_or(until - day);
    if until < since || until.duration_since(since) > LONGEST {
        return Err(Error::field("since", "must lie before until, at most 400 days"));
    }
    let after = params.cursor("occurrences")?.map(|text| text.parse::<i64>().map_err(|_| Error::Cursor));
    let after = after.transpose()?.map(Timestamp::from_millis);
    let limit = params.limit(PAGE)?;
    let (ranges, pending) = shared.slots(&grant.key, since, until).await?;
    let total = pending + ranges.iter().map(|range| range.count).sum::<u64>();
    let rest: Vec<_> =
        ranges.into_iter().filter(|range| after.is_none_or(|after| range.first > after)).collect();
    let next = (rest.len() > limit).then(|| rest[limit - 1].first.millis().to_string());
    json(&Occurrences {
        ok: true,
        tenant: grant.key.tenant.as_str(),
        since: Epoch(since),
        since_iso: Iso(since),
        until: Epoch(until),
        until_iso: Iso(until),
        occurrences: rest.iter().take(limit).map(RangeView::new).collect(),
        pending,
        total,
        next_cursor: next.map(|next| cursor("occurrences", &next)),
    })
}

impl Surface {
    /// The slots in `[since, until]` by what became of them, and how many are still waiting.
    pub(super) async fn slots(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<(Vec<Range>, u64)> {
        // What is stored may be older than the record, never newer: read the record first, and let the
        // ranges that it says to be stored already replace what is open in it.
        let record = self.record(key).await?;
        let stored = self.engine.store().occurrences(key, since, until).await?;
        let mut ranges: Vec<Range> = stored.iter().filter_map(|range| clip(range, since, until)).collect();
        let mut pending = 0;
        if let Some(schedule) = &record.schedule {
            let edge = schedule.accounted;
            ranges = ranges.iter().filter_map(|range| clip(range, since, edge.min(until))).collect();
            let (open, _) = open_ranges(schedule, key, self.now());
            ranges.extend(open.iter().filter_map(|range| clip(range, since, until)));
            let counted: u64 =
                ranges.iter().filter(|range| range.first > edge).map(|range| range.count).sum();
            let through = until.min(self.now());
            let after = edge.max(since - Duration::from_millis(1));
            let all = if through > after { Timetable::of(schedule).count(after, through) } else { 0 };
            pending = all.saturating_sub(counted);
        }
        ranges.sort_by_key(|range| range.first);
        Ok((ranges, pending))
    }
}

/// The part of a range that lies in `[since, until]`, counted by its own timetable.
fn clip(range: &Range, since: Timestamp, until: Timestamp) -> Option<Range> {
    if since <= range.first && range.last <= until {
        return Some(range.clone());
    }
    let table = Timetable::new(&range.cadence, range.anchor, range.slot0);
    let after = since.max(range.first) - Duration::from_millis(1);
    let through = until.min(range.last);
    let first = table.next_after(after).filter(|first| *first <= through)?;
    let last = table.last(after, through)?;
    Some(Range { first, last, count: table.count(after, through), ..range.clone() })
}

impl RangeView {
    pub(super) fn new(range: &Range) -> Self {
        let (interval_sec, cron) = match &range.cadence {
            Cadence::Interval(interval) => (Some(interval.secs()), None),
            Cadence::Cron(cron) => (None, Some(cron.text().to_owned())),
        };
        Self {
            disposition: range.disposition,
            first: Epoch(range.first),
            first_iso: Iso(range.first),
            last: Epoch(range.last),
            last_iso: Iso(range.last),
            count: range.count,
            interval_sec,
            cron,
        }
    }
}
