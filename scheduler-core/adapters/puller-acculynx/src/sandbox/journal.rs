//! A record of every request, so that a test can count what happened in any second.

use std::collections::VecDeque;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// Older entries are dropped past this many.
const MOST: usize = 50_000;

/// A request that was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// When, on the monotonic clock.
    pub at: Duration,
    /// The key that was sent.
    pub key: String,
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
}

/// Every request, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Journal(VecDeque<Logged>);

impl Journal {
    pub(super) fn add(&mut self, logged: Logged) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(logged);
    }

    pub(super) fn within_a_second(&self, now: Duration, key: Option<&str>) -> usize {
        let recent = self.0.iter().rev().take_while(|logged| logged.at + SECOND > now);
        recent.filter(|logged| key.is_none_or(|key| logged.key == key)).count()
    }

    /// Every request, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Logged> {
        self.0.iter()
    }

    /// How many requests had a target that contains `part`.
    pub fn count(&self, part: &str) -> usize {
        self.0.iter().filter(|logged| logged.target.contains(part)).count()
    }

    /// The most requests in any second, both ends included, of one key or of all.
    pub fn busiest_second(&self, key: Option<&str>) -> usize {
        let mut window = VecDeque::new();
        let mut most = 0;
        for logged in self.0.iter().filter(|logged| key.is_none_or(|key| logged.key == key)) {
            window.push_back(logged.at);
            while window.front().is_some_and(|first| *first + SECOND < logged.at) {
                window.pop_front();
            }
            most = most.max(window.len());
        }
        most
    }
}
