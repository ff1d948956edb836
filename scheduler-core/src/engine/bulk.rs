//! Commands over many schedules: at once, or step by step by whoever works on the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;

use super::roster::narrowed;
use super::{CommandError, Engine, Job};
use crate::domain::{
    Answer, AuditDraft, Bulk, BulkFailure, BulkState, Cadence, Caller, Deed, Key, Operation, Record,
    Schedule, Source, Spec, Tenant,
};
use crate::machine::{Command, Outcome, Refusal};
use crate::ports::StoreError;
use serde_json::json;

/// Schedules in one step.
const STEP: usize = 250;
/// How long it is remembered that a schedule had its turn.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// What became of a command for each of many schedules.
#[derive(Debug, Default)]
pub(crate) struct Deeds {
    /// Schedules that were looked at.
    pub(crate) done: u64,
    /// Schedules that are another than before, or runs that were started.
    pub(crate) changed: u64,
    /// Those that failed, with the reason.
    pub(crate) failed: Vec<BulkFailure>,
    /// The runs that were started.
    pub(crate) started: Vec<Outcome>,
    /// Why some of a bulk command's schedules did not have their turn yet.
    unsaved: Option<StoreError>,
}

impl Engine {
    /// Does `deed` to each schedule. Within a bulk command, none gets its turn twice.
    ///
    /// # Errors
    ///
    /// When the store fails before any had its turn.
    pub(crate) async fn carry_out(
        &self,
        source: &Source,
        keys: Vec<Key>,
        deed: &Deed,
        caller: &Caller,
        within: Option<&Bulk>,
    ) -> Result<Deeds, StoreError> {
        // Which place a schedule gets does not matter, as long as no two get the same.
        let places: HashMap<Key, u64> = match deed {
            Deed::SetInterval(_) => {
                let first = self.store.place(source, keys.len().max(1) as u64).await?;
                keys.iter().cloned().zip(first..).collect()
            }
            _ => HashMap::new(),
        };
        let (worker, ttl) = (self.worker(), self.lease());
        let ask = |record: &Record| -> Result<Command, CommandError> {
            let schedule = record.schedule.as_ref().ok_or(Refusal::NoSchedule)?;
            Ok(match deed {
                Deed::Pause { reason, until } => Command::Pause { reason: reason.clone(), until: *until },
                Deed::Resume => Command::Resume,
                Deed::RunNow { reason } => {
                    Command::RunNow { reason: reason.clone(), worker: worker.clone(), ttl }
                }
                Deed::Delete => Command::Delete,
                Deed::SetInterval(interval) => {
                    let fits = schedule.spec.jitter_sec <= interval.secs();
                    let spec = Spec {
                        cadence: Cadence::Interval(*interval),
                        jitter_sec: if fits { schedule.spec.jitter_sec } else { 0 },
                        ..(*schedule.spec).clone()
                    };
                    Command::Put { spec, place: places.get(&record.key).copied().unwrap_or_default() }
                }
            })
        };
        let mark = |key: &Key, outcome: &Outcome| within.map(|bulk| turn(bulk, key, outcome));
        let mut deeds = Deeds::default();
        for (key, result) in self.commands(keys, caller, ask, mark).await {
            deeds.done += 1;
            match result {
                Ok(outcome) => {
                    deeds.changed += u64::from(outcome.changed || outcome.started.is_some());
                    if outcome.started.is_some() {
                        deeds.started.push(outcome);
                    }
                }
                Err(error) => match (self.had_its_turn(within, &key).await, error, within) {
                    (Ok(Some(changed)), ..) => deeds.changed += u64::from(changed),
                    (Err(error), ..) | (_, CommandError::Store(error), Some(_)) => {
                        deeds.unsaved = Some(error);
                    }
                    (_, error, _) => deeds.failed.push(BulkFailure {
                        tenant: key.tenant,
                        code: error.code().into(),
                        detail: error.public().into(),
                    }),
                },
            }
        }
        Ok(deeds)
    }

    /// Whether the bulk command has done its deed to this schedule before, and has changed it.
    async fn had_its_turn(&self, within: Option<&Bulk>, key: &Key) -> Result<Option<bool>, StoreError> {
        let Some(bulk) = within else { return Ok(None) };
        let answer = self.store.answer(&turn_name(bulk, key), self.clock.now()).await?;
        Ok(answer.map(|answer| *answer.body == *CHANGED))
    }

    /// The bulk commands that are under way or were lately, latest first.
    pub(crate) async fn bulks(&self) -> Result<Vec<Arc<Bulk>>, StoreError> {
        let keys: Vec<_> = (0..Bulk::PLACES).map(Key::bulk).collect();
        let mut bulks = Vec::new();
        for record in join_all(keys.iter().map(|key| self.store.load(key))).await {
            bulks.extend(record?.and_then(|record| record.bulk.clone()));
        }
        bulks.sort_by(|one, other| (other.created, &other.id).cmp(&(one.created, &one.id)));
        Ok(bulks)
    }

    /// The place that the next bulk command takes: a free one, or that of the one that ended first.
    pub(crate) async fn place_of_bulk(&self) -> Result<Option<u8>, StoreError> {
        let bulks = self.bulks().await?;
        let taken = |place: u8| bulks.iter().find(|bulk| Bulk::key_of(&bulk.id) == Some(Key::bulk(place)));
        let free = (0..Bulk::PLACES).find(|place| taken(*place).is_none());
        let over = || {
            let ended = |place: &u8| taken(*place).filter(|bulk| bulk.state != BulkState::Running);
            let places = (0..Bulk::PLACES).filter_map(|place| Some((ended(&place)?.updated, place)));
            places.min().map(|(_, place)| place)
        };
        Ok(free.or_else(over))
    }

    /// Sees to it that a bulk command that was accepted is carried out.
    ///
    /// A resident driver has noticed. Elsewhere it goes on in the background that the host has, or here.
    pub(crate) async fn begin_bulk(self: &Arc<Self>, key: &Key) {
        if self.resident.load(std::sync::atomic::Ordering::Acquire) {
            return;
        }
        let (engine, key) = (self.clone(), key.clone());
        let time = self.config.background.as_ref().map_or(Duration::MAX, |background| background.time());
        let work = async move {
            let budget = super::Budget { time, ..super::Budget::default() };
            if let Err(error) = engine.tick_one(&key, budget).await {
                tracing::warn!(target: "acculynx-scheduler", %error, "a bulk command waits for the next tick");
            }
        };
        match &self.config.background {
            Some(background) => background.go_on(Box::pin(work)),
            None => work.await,
        }
    }

    /// The bulk command in this record, if its next step is to be taken now.
    async fn due_bulk(&self, key: &Key) -> Result<Option<Bulk>, StoreError> {
        let record = self.store.load(key).await?;
        let bulk = record.as_deref().and_then(|record| record.bulk.as_deref());
        let now = self.clock.now();
        Ok(bulk.filter(|bulk| bulk.due_at().is_some_and(|due| due <= now)).cloned())
    }

    /// Takes the next step of the bulk command in this record, and answers the runs that it started.
    ///
    /// None means that it is over, or somebody else's at the moment.
    pub(super) async fn step_of_bulk(&self, key: &Key) -> Result<Option<Vec<Job>>, StoreError> {
        let caller = self.system();
        let Some(mut bulk) = self.due_bulk(key).await? else { return Ok(None) };
        if bulk.step.is_empty() {
            let (now, scope) = (self.clock.now(), narrowed(&bulk.scope, bulk.filter.tenants.as_deref()));
            let mut meant = |record: &Record, schedule: &Schedule| {
                schedule.created <= bulk.created && self.means(&bulk.filter, record, schedule, now)
            };
            let keys = self.pick(&bulk.source, &scope, bulk.after.as_ref(), STEP, &mut meant).await?;
            bulk.step = keys.into_iter().map(|key| key.tenant).collect();
        }
        bulk.leased = Some(self.clock.now() + self.config.lease);
        // Whoever takes over has to do the same step, whatever its schedules look like by then.
        let claim = |record: &Record| -> Result<Command, CommandError> {
            let same = |held: &&Arc<Bulk>| held.id == bulk.id && held.after == bulk.after;
            let held = record.bulk.as_ref().filter(same).ok_or(Refusal::NotDue)?;
            if held.due_at().is_none_or(|due| due > self.clock.now()) {
                return Err(Refusal::NotDue.into());
            }
            Ok(Command::Bulk { bulk: Box::new(bulk.clone()), draft: None })
        };
        match self.command(key, &caller, None, claim, |_| None).await {
            Ok(_) => {}
            Err(CommandError::Store(error)) => return Err(error),
            Err(_) => return Ok(None),
        }
        let of = |tenant: &Tenant| Key::new(bulk.source.clone(), tenant.clone());
        let keys: Vec<_> = bulk.step.iter().map(of).collect();
        let (last, over) = (bulk.step.last().cloned(), bulk.step.len() < STEP);
        let deeds = self.carry_out(&bulk.source, keys, &bulk.deed, &bulk.caller(), Some(&bulk)).await?;
        let cause = tracing::Span::current();
        let job = |outcome: &Outcome| {
            let (record, lease) = (outcome.change.next.clone(), outcome.started.clone()?);
            Some(Job { record, lease, cause: cause.clone() })
        };
        let jobs = deeds.started.iter().filter_map(job).collect();
        let ended = |record: &Record| -> Result<Command, CommandError> {
            // Whoever took over after the lease has run out has counted this step already.
            let ours = |current: &&Arc<Bulk>| current.id == bulk.id && current.after == bulk.after;
            let mut next = Bulk::clone(record.bulk.as_ref().filter(ours).ok_or(Refusal::LeaseLost)?);
            (next.updated, next.leased, next.step) = (self.clock.now(), None, Vec::new());
            next.after = last.clone().or(next.after);
            next.done += deeds.done;
            next.changed += deeds.changed;
            next.failed_total += deeds.failed.len() as u64;
            let room = Bulk::LISTED.saturating_sub(next.failed.len());
            next.failed.extend(deeds.failed.iter().take(room).cloned());
            if over && next.state == BulkState::Running {
                next.state = BulkState::Done;
            }
            let draft = (next.state == BulkState::Done).then(|| Box::new(summary(&next)));
            Ok(Command::Bulk { bulk: Box::new(next), draft })
        };
        let saved = match deeds.unsaved {
            Some(error) => Err(CommandError::Store(error)),
            None => self.command(key, &caller, None, ended, |_| None).await,
        };
        if let Err(CommandError::Store(error)) = saved {
            // The lease runs out, and the step is repeated: who had a turn then has none.
            tracing::warn!(target: "acculynx-scheduler", %error, bulk = &*bulk.id, "a step of a bulk command is to be repeated");
        }
        Ok(Some(jobs))
    }
}

/// What the audit says once a bulk command is over.
fn summary(bulk: &Bulk) -> AuditDraft {
    let metadata = json!({
        "id": bulk.id,
        "operation": bulk.deed.name(),
        "state": bulk.state,
        "matched": bulk.matched,
        "carried_out": bulk.done,
        "changed": bulk.changed,
        "failed": bulk.failed_total,
    });
    AuditDraft { metadata: metadata.into(), ..AuditDraft::new(Operation::Bulk, &bulk.caller()) }
}

const CHANGED: &str = "changed";

fn turn_name(bulk: &Bulk, key: &Key) -> String {
    format!("bulk\n{}\n{}", bulk.id, key.tenant)
}

/// What is stored with a schedule's change: the bulk command was here.
fn turn(bulk: &Bulk, key: &Key, outcome: &Outcome) -> Answer {
    let changed = outcome.changed || outcome.started.is_some();
    Answer {
        name: turn_name(bulk, key).into(),
        request: [0; 32],
        status: 200,
        body: if changed { CHANGED } else { "same" }.into(),
        expires: bulk.created + REMEMBERED,
    }
}
