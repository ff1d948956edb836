//! Answers to requests, until they expire.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::{Answer, Timestamp};

#[derive(Default)]
pub(super) struct Answers {
    by_name: BTreeMap<Arc<str>, Answer>,
    by_expiry: BTreeSet<(Timestamp, Arc<str>)>,
}

impl Answers {
    pub(super) fn get(&self, name: &str, now: Timestamp) -> Option<&Answer> {
        self.by_name.get(name).filter(|answer| now < answer.expires)
    }

    /// Holds at most `keep`: those that expire first give way.
    pub(super) fn put(&mut self, answer: Answer, keep: usize) {
        self.remove(&Arc::clone(&answer.name));
        self.by_expiry.insert((answer.expires, Arc::clone(&answer.name)));
        self.by_name.insert(Arc::clone(&answer.name), answer);
        while self.by_name.len() > keep
            && let Some((_, name)) = self.by_expiry.pop_first()
        {
            self.by_name.remove(&name);
        }
    }

    /// Forgets those that have expired, and says how many.
    pub(super) fn prune(&mut self, now: Timestamp) -> usize {
        let before = self.by_name.len();
        while let Some((expires, name)) = self.by_expiry.first()
            && *expires <= now
        {
            self.remove(&Arc::clone(name));
        }
        before - self.by_name.len()
    }

    fn remove(&mut self, name: &Arc<str>) {
        if let Some(answer) = self.by_name.remove(name) {
            self.by_expiry.remove(&(answer.expires, answer.name));
        }
    }
}
