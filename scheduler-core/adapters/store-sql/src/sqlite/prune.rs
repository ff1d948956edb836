//! Forgets old history a little at a time, so that other writers never wait for long.

use rusqlite::params;
use scheduler_core::domain::{RunId, Timestamp};

use super::batch::Batch;
use crate::error::Cause;

/// How far a pruning has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    Runs { source: i64, after: String },
    Ranges { after: i64 },
    Answers,
    Done,
}

impl Stage {
    pub(super) const START: Self = Self::Runs { source: i64::MIN, after: String::new() };

    /// Rows that one step looks at.
    const STEP: i64 = 2000;
    /// Records whose ranges one step looks at.
    const RECORDS: i64 = 200;
}

impl Batch<'_> {
    /// Takes one step: says how many rows went, and where to go on.
    pub(super) fn prune(
        &mut self,
        stage: &Stage,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<(u64, Stage), Cause> {
        match stage {
            Stage::Runs { source, after } => self.prune_runs(*source, after, before),
            Stage::Ranges { after } => self.prune_ranges(*after, before),
            Stage::Answers => self.prune_answers(now),
            Stage::Done => Ok((0, Stage::Done)),
        }
    }

    /// What ended before an instant had started before it, and ids sort by start.
    fn prune_runs(&self, source: i64, after: &str, before: Timestamp) -> Result<(u64, Stage), Cause> {
        let until = RunId::floor(before);
        let last: Option<String> = self
            .conn
            .prepare_cached(
                "SELECT max(run_id) FROM (SELECT run_id FROM runs
                 WHERE source = ?1 AND run_id > ?2 AND run_id < ?3 ORDER BY run_id LIMIT ?4)",
            )?
            .query_row(params![source, after, until, Stage::STEP], |row| row.get(0))?;
        let Some(last) = last.filter(|last| RunId::parse(last).is_some()) else {
            let next: Option<i64> = self
                .conn
                .prepare_cached("SELECT min(id) FROM sources WHERE id > ?1")?
                .query_row([source], |row| row.get(0))?;
            let next = next.map(|source| Stage::Runs { source, after: String::new() });
            return Ok((0, next.unwrap_or(Stage::Ranges { after: 0 })));
        };
        let gone = self
            .conn
            .prepare_cached(
                "DELETE FROM runs WHERE source = ?1 AND run_id > ?2 AND run_id <= ?3 AND finished < ?4",
            )?
            .execute(params![source, after, last, before.millis()])?;
        Ok((gone as u64, Stage::Runs { source, after: last }))
    }

    fn prune_ranges(&self, after: i64, before: Timestamp) -> Result<(u64, Stage), Cause> {
        let gone = self
            .conn
            .prepare_cached("DELETE FROM occurrences WHERE record > ?1 AND record <= ?1 + ?2 AND last < ?3")?
            .execute(params![after, Stage::RECORDS, before.millis()])?;
        let last: Option<i64> =
            self.conn.prepare_cached("SELECT max(id) FROM records")?.query_row([], |row| row.get(0))?;
        let after = after + Stage::RECORDS;
        let more = last.is_some_and(|last| last > after);
        Ok((gone as u64, if more { Stage::Ranges { after } } else { Stage::Answers }))
    }

    fn prune_answers(&self, now: Timestamp) -> Result<(u64, Stage), Cause> {
        let gone = self
            .conn
            .prepare_cached(
                "DELETE FROM answers WHERE name IN
                 (SELECT name FROM answers WHERE expires <= ?1 ORDER BY expires LIMIT ?2)",
            )?
            .execute(params![now.millis(), Stage::STEP])?;
        let more = i64::try_from(gone).is_ok_and(|gone| gone == Stage::STEP);
        Ok((gone as u64, if more { Stage::Answers } else { Stage::Done }))
    }
}
