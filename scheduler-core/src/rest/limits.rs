//! How often a principal may ask: token buckets, bounded in number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::problem::{Error, Result};

/// Buckets kept at the most; full ones are forgotten first, which changes nothing.
const BUCKETS: usize = 10_000;

/// What a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// 100 a second, 200 at once.
    Read,
    /// 50 a second, 100 at once.
    Write,
    /// Bad tokens, of all callers together: 2 a second, 120 at once.
    Failure,
}

impl Kind {
    fn rate_and_burst(self) -> (f64, f64) {
        match self {
            Self::Read => (100.0, 200.0),
            Self::Write => (50.0, 100.0),
            Self::Failure => (2.0, 120.0),
        }
    }
}

#[derive(Clone, Copy)]
struct Bucket {
    left: f64,
    at: Duration,
}

impl Bucket {
    fn refilled(self, kind: Kind, now: Duration) -> f64 {
        let (rate, burst) = kind.rate_and_burst();
        (self.left + now.saturating_sub(self.at).as_secs_f64() * rate).min(burst)
    }
}

/// One bucket for each principal and kind.
#[derive(Default)]
pub(super) struct Buckets(Mutex<HashMap<(Arc<str>, Kind), Bucket>>);

impl Buckets {
    /// Takes one from the bucket, or says when there will be one.
    pub(super) fn take(&self, who: &Arc<str>, kind: Kind, now: Duration) -> Result<()> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (rate, burst) = kind.rate_and_burst();
        if buckets.len() >= BUCKETS {
            buckets.retain(|(_, kind), bucket| bucket.refilled(*kind, now) < kind.rate_and_burst().1);
        }
        let bucket = buckets.entry((who.clone(), kind)).or_insert(Bucket { left: burst, at: now });
        let left = bucket.refilled(kind, now);
        if left < 1.0 {
            let wait = ((1.0 - left) / rate).ceil().max(1.0);
            return Err(Error::TooMany { retry_after: wait as u64 }.into());
        }
        *bucket = Bucket { left: left - 1.0, at: now };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_twice_a_second_and_refills() {
        let (buckets, who) = (Buckets::default(), Arc::from("a"));

        assert!((0..100).all(|_| buckets.take(&who, Kind::Write, Duration::ZERO).is_ok()));
        assert!(buckets.take(&who, Kind::Write, Duration::ZERO).is_err());
        assert!(buckets.take(&who, Kind::Read, Duration::ZERO).is_ok());
        let later = Duration::from_millis(100);
        assert_eq!((0..10).filter(|_| buckets.take(&who, Kind::Write, later).is_ok()).count(), 5);
    }
}
