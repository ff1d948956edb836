//! Judging records that a complete sweep did not show.

use std::sync::Arc;
use std::time::Duration;

use scheduler_core::domain::Entity;

use crate::caller::Answer;
use crate::run::{Kind, Run, Stop};
use crate::wire::{Call, read_record};

/// Records that were seen this long before the sweep are not judged: two clocks may differ.
const MARGIN: Duration = Duration::from_secs(3600);
const BATCH: usize = 100;

impl Run {
    /// Marks records as gone that no population listed and whose detail answers 404.
    ///
    /// Only after a complete sweep: the detail of an unassigned lead answers 404 as well.
    pub(crate) async fn mark_gone(&mut self, name: &'static str, endpoint: &'static str) -> Result<(), Stop> {
        let entity: Entity = name.into();
        let before = self.started - MARGIN;
        let budget = self.caller.sent() + self.config.child_requests;
        let mut after: Option<Arc<str>> = None;
        loop {
            let batch = self.context.sink.unseen(&entity, before, after.as_deref(), BATCH).await?;
            let Some(last) = batch.last() else { return Ok(()) };
            after = Some(last.external_id.clone());
            let mut gone = Vec::new();
            for record in batch {
                if self.caller.sent() >= budget || self.is_late() {
                    break;
                }
                let met = self.met.get(name).is_some_and(|met| met.contains(&*record.external_id));
                if !met && self.is_missing(name, endpoint, &record.external_id).await? {
                    gone.push(record.external_id);
                }
            }
            if !gone.is_empty() {
                self.stats.gone += self.context.sink.mark_gone(&entity, &gone).await?;
            }
            if self.caller.sent() >= budget || self.is_late() {
                self.context.log.info(format!("{name}: the rest of what was not seen is judged next time"));
                return Ok(());
            }
        }
    }

    /// Asks for a record by its id; one that is there after all is kept.
    async fn is_missing(
        &mut self,
        name: &'static str,
        endpoint: &'static str,
        id: &str,
    ) -> Result<bool, Stop> {
        let call = Call::leaf(endpoint, id);
        match self.caller.send(&call).await? {
            Answer::Missing => Ok(true),
            Answer::Found(body) => {
                let record = read_record(&body).map_err(|why| self.caller.unreadable(&call, why))?;
                let stamps = if name == "jobs" { crate::jobs::JOBS.stamps } else { &[] };
                self.keep(Kind { entity: name, stamps }, vec![record]).await?;
                Ok(false)
            }
            Answer::Refused(failure) => Err(failure.into()),
            Answer::Nothing | Answer::PastEnd | Answer::NotEntitled => Ok(false),
        }
    }
}
