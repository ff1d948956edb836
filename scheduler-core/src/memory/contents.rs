//! What the memory store holds, and how a change is made to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Records;
use super::answers::Answers;
use super::history::History;
use super::imports::Imports;
use crate::domain::{
    AuditEntry, Change, Key, Range, Run, RunId, RunState, SealedConnection, Timestamp, TokenRecord, Write,
};
use crate::ports::{Commit, StoreError};

/// How much history is kept at the most; the oldest gives way.
///
/// Records, connections, tokens and imported data are not history: they are kept whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Runs of all tenants that have ended. 200,000 unless said otherwise.
    pub runs: usize,
    /// Audit entries of all chains. 500,000 unless said otherwise.
    pub audit: usize,
    /// Ranges of occurrences of each record. 10,000 unless said otherwise.
    pub ranges: usize,
    /// Answers that may be asked for again. 100,000 unless said otherwise.
    pub answers: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { runs: 200_000, audit: 500_000, ranges: 10_000, answers: 100_000 }
    }
}

#[derive(Default)]
pub(super) struct Contents {
    pub(super) records: Records,
    pub(super) runs: History<RunId, Run>,
    pub(super) occurrences: BTreeMap<Key, BTreeMap<Timestamp, Range>>,
    pub(super) audit: History<Arc<str>, AuditEntry>,
    pub(super) chains: BTreeSet<(Key, u64, Arc<str>)>,
    pub(super) answers: Answers,
    pub(super) imports: Imports,
    pub(super) connections: BTreeMap<Key, SealedConnection>,
    pub(super) tokens: BTreeMap<Arc<str>, TokenRecord>,
}

impl Contents {
    pub(super) fn commit(&mut self, change: Change, capacity: &Capacity) -> Commit {
        let key = &change.next.key;
        if self.records.version_of(key) != change.expected {
            return Commit::Conflict;
        }
        let answered = |write: &Write| match write {
            Write::Answer { answer, now } => self.answers.get(&answer.name, *now).is_some(),
            _ => false,
        };
        if change.writes.iter().any(answered) {
            return Commit::Answered;
        }
        for write in change.writes {
            self.apply(key, write, capacity);
        }
        self.records.put(change.next, change.due_at);
        Commit::Done(self.records.version())
    }

    fn apply(&mut self, key: &Key, write: Write, capacity: &Capacity) {
        match write {
            Write::Run(run) => self.put_run(Arc::unwrap_or_clone(run), capacity.runs),
            Write::Occurrences(range) => {
                let ranges = self.occurrences.entry(key.clone()).or_default();
                ranges.insert(range.first, *range);
                if ranges.len() > capacity.ranges {
                    ranges.pop_first();
                }
            }
            Write::Audit(entry) => self.put_entry(Arc::unwrap_or_clone(entry), capacity.audit),
            Write::Answer { answer, .. } => self.answers.put(*answer, capacity.answers),
            Write::Connection(Some(sealed)) => {
                self.connections.insert(key.clone(), *sealed);
            }
            Write::Connection(None) => {
                self.connections.remove(key);
            }
            Write::Token(token) => {
                self.tokens.insert(Arc::clone(&token.id), *token);
            }
            Write::RevokeToken(id) => {
                self.tokens.remove(&id);
            }
        }
    }

    fn put_run(&mut self, run: Run, keep: usize) {
        let key = run.key.clone();
        self.runs.put(run.run_id.clone(), &key, run);
        if self.runs.len() > keep {
            let ended = self.runs.oldest().find(|(_, run)| run.state != RunState::Running);
            if let Some((id, key)) = ended.map(|(id, run)| (id.clone(), run.key.clone())) {
                self.runs.remove(&id, &key);
            }
        }
    }

    fn put_entry(&mut self, entry: AuditEntry, keep: usize) {
        let key = entry.key.clone();
        self.chains.insert((key.clone(), entry.seq, Arc::clone(&entry.id)));
        self.audit.put(Arc::clone(&entry.id), &key, entry);
        if self.audit.len() > keep {
            let oldest = self.audit.oldest().next();
            let place = oldest.map(|(id, entry)| (entry.key.clone(), entry.seq, Arc::clone(id)));
            if let Some(place) = place {
                self.audit.remove(&place.2, &place.0);
                self.chains.remove(&place);
            }
        }
    }

    pub(super) fn leased(&self, key: &Key, fence: u64) -> Result<(), StoreError> {
        let record = self.records.get(key);
        let lease = record.and_then(|record| record.schedule.as_ref()?.run.as_deref());
        lease.filter(|lease| lease.fence == fence).map(drop).ok_or(StoreError::LeaseLost)
    }

    pub(super) fn prune(&mut self, before: Timestamp, now: Timestamp) -> usize {
        let ended = |run: &Run| run.finished.is_some_and(|finished| finished < before);
        let ended: Vec<_> = self
            .runs
            .oldest()
            .filter(|(_, run)| ended(run))
            .map(|(id, run)| (id.clone(), run.key.clone()))
            .collect();
        ended.iter().for_each(|(id, key)| self.runs.remove(id, key));
        let mut ranges = 0;
        for known in self.occurrences.values_mut() {
            ranges += known.extract_if(.., |_, range| range.last < before).count();
        }
        self.occurrences.retain(|_, known| !known.is_empty());
        ended.len() + ranges + self.answers.prune(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::block_on;
    use crate::conformance::fixtures::{
        answer, at, done, ended, entries, first_with, key, range, run, write_answer, write_entries,
        write_range, write_run,
    };
    use crate::domain::verify_chain;
    use crate::memory::MemoryStore;
    use crate::ports::Store;

    #[test]
    fn the_oldest_run_that_has_ended_gives_way() {
        let running = run(&key("a"), 0, at(0));
        let runs = [1, 2, 3].map(|secs| ended(run(&key("a"), secs, at(secs as i64)), at(9)));
        let mut writes = vec![write_run(&running)];
        writes.extend(runs.iter().map(write_run));

        let store = holding(Capacity { runs: 3, ..Capacity::default() }, writes);

        let known = |run: &Run| block_on(store.run(&run.run_id)).unwrap().is_some();
        assert!(known(&running));
        assert_eq!(runs.each_ref().map(known), [false, true, true]);
    }

    #[test]
    fn the_oldest_entry_gives_way_and_the_rest_is_a_chain() {
        let writes = write_entries(&entries(&key("a"), 5));

        let store = holding(Capacity { audit: 3, ..Capacity::default() }, writes);

        let chain = block_on(store.chain(&key("a"), 0, 9)).unwrap();
        assert_eq!(chain.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(verify_chain(&chain, None), None);
    }

    #[test]
    fn the_oldest_range_of_a_record_gives_way() {
        let ranges = [0, 900, 1_800].map(|secs| range(at(secs), 1));

        let store =
            holding(Capacity { ranges: 2, ..Capacity::default() }, ranges.iter().map(write_range).collect());

        let left = block_on(store.occurrences(&key("a"), at(0), at(9_999))).unwrap();
        assert_eq!(left, ranges[1..]);
    }

    #[test]
    fn the_answer_that_expires_first_gives_way() {
        let answers = [("a", 30), ("b", 10), ("c", 20)].map(|(name, secs)| answer(name, "{}", at(secs)));
        let writes = answers.iter().map(write_answer).collect();

        let store = holding(Capacity { answers: 2, ..Capacity::default() }, writes);

        let known = |name| block_on(store.answer(name, at(0))).unwrap().is_some();
        assert_eq!(["a", "b", "c"].map(known), [true, false, true]);
    }

    fn holding(capacity: Capacity, writes: Vec<Write>) -> MemoryStore {
        let store = MemoryStore::with_capacity(capacity);
        block_on(done(&store, first_with("a", writes)));
        store
    }
}
