//! Pruning and probing.

use futures::stream::{self, StreamExt, TryStreamExt};
use scheduler_core::domain::{Key, Range, Run, RunId, Timestamp};

use crate::batch::SIDE_BY_SIDE;
use crate::commit::EXPIRES;
use crate::error::Cause;
use crate::item::{Item, Name, SK, body, n, put, text, time};
use crate::keys;
use crate::reads::Rows;
use crate::store::DynamoDb;

/// Rows that are looked at, and deleted, in one go.
const STEP: usize = 1000;

impl DynamoDb {
    pub(crate) async fn write_probe(&self, now: Timestamp) -> Result<(), Cause> {
        let mut item = keys::probe().item();
        put(&mut item, "at", n(now.millis()));
        self.client.put_item().table_name(&self.options.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// DynamoDB deletes by itself what has expired; this is for those who want it gone at once.
    pub(crate) async fn prune_all(&self, before: Timestamp, now: Timestamp) -> Result<u64, Cause> {
        Ok(self.prune_runs(before).await?
            + self.prune_ranges(before).await?
            + self.prune_answers(now).await?)
    }

    /// What ended before an instant had started before it, and ids sort by start.
    async fn prune_runs(&self, before: Timestamp) -> Result<u64, Cause> {
        let until = RunId::floor(before);
        let mut gone = 0;
        for item in self.all_rows(&Rows::beginning(keys::STRETCHES, keys::RUN_STRETCHES), usize::MAX).await? {
            let stretch = &text(&item, SK)?[keys::RUN_STRETCHES.len()..];
            for shard in 0..keys::RUN_SHARDS {
                let rows = Rows::between(keys::runs(stretch, shard), "", &until);
                gone += self
                    .prune_rows(&rows, |item| {
                        let run: Run = body(item, "run")?;
                        Ok(match run.finished.is_some_and(|finished| finished < before) {
                            true => vec![keys::run(&run.run_id), keys::run_log(&run.run_id)],
                            false => Vec::new(),
                        })
                    })
                    .await?;
            }
        }
        Ok(gone)
    }

    async fn prune_ranges(&self, before: Timestamp) -> Result<u64, Cause> {
        let directory = Rows::beginning(keys::DIRECTORY, "");
        let (mut gone, mut start) = (0, None);
        loop {
            let (keys, next) = self.directory(&directory, start, STEP).await?;
            let counts: Vec<u64> = stream::iter(keys)
                .map(|key| self.prune_ranges_of(key, before))
                .buffer_unordered(SIDE_BY_SIDE)
                .try_collect()
                .await?;
            gone += counts.into_iter().sum::<u64>();
            start = next;
            if start.is_none() {
                return Ok(gone);
            }
        }
    }

    async fn prune_ranges_of(&self, key: Key, before: Timestamp) -> Result<u64, Cause> {
        let (low, high) = (keys::range_from(Timestamp::MIN), keys::range_from(before));
        let rows = Rows::between(keys::partition(&key), &low, &high);
        self.prune_rows(&rows, |item| {
            let range: Range = body(item, "range")?;
            Ok(if range.last < before { vec![Name::of(item)?] } else { Vec::new() })
        })
        .await
    }

    async fn prune_answers(&self, now: Timestamp) -> Result<u64, Cause> {
        let mut gone = 0;
        for shard in 0..keys::ANSWER_SHARDS {
            let rows = Rows::beginning(keys::answers(shard), "");
            gone += self
                .prune_rows(&rows, |item| {
                    let expired = time(item, EXPIRES)? <= now;
                    Ok(if expired { vec![Name::of(item)?] } else { Vec::new() })
                })
                .await?;
        }
        Ok(gone)
    }

    /// Deletes the items that each row stands for; says for how many rows that was.
    async fn prune_rows(
        &self,
        rows: &Rows,
        stale: impl Fn(&Item) -> Result<Vec<Name>, Cause>,
    ) -> Result<u64, Cause> {
        let (mut gone, mut start) = (0, None);
        loop {
            let batch = self.rows(rows, start, STEP).await?;
            let mut names = Vec::new();
            for item in &batch.items {
                let stale = stale(item)?;
                gone += u64::from(!stale.is_empty());
                names.extend(stale);
            }
            self.delete(names).await?;
            start = batch.next;
            if start.is_none() {
                return Ok(gone);
            }
        }
    }
}
