//! When a schedule that keeps failing is let through to try.

use std::time::Duration;

use crate::domain::{Breaker, ErrorKind, Timestamp};

/// The longest wait between two probes.
pub const LONGEST: Duration = Duration::from_secs(3600);

/// Opens at `now` because of `kind`. A refused key is not tried often: it needs a person.
pub fn open(kind: ErrorKind, now: Timestamp) -> Breaker {
    Breaker { since: now, kind, probe_at: now + pause(kind, 0), probes: 0 }
}

/// Stays open after a failed probe, and waits longer.
pub fn keep_open(breaker: &Breaker, kind: ErrorKind, now: Timestamp) -> Breaker {
    let probes = breaker.probes.saturating_add(1);
    Breaker { since: breaker.since, kind, probe_at: now + pause(kind, probes), probes }
}

fn pause(kind: ErrorKind, probes: u32) -> Duration {
    match kind {
        ErrorKind::Auth => LONGEST,
        _ => Duration::from_secs(60).saturating_mul(1 << probes.min(10)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_come_at_growing_intervals_and_at_most_hourly() {
        let now = Timestamp::from_secs(1_800_000_000);
        let mut breaker = open(ErrorKind::Transient, now);
        let mut waits = vec![breaker.probe_at.since(now) / 1000];
        for _ in 0..8 {
            breaker = keep_open(&breaker, ErrorKind::Transient, now);
            waits.push(breaker.probe_at.since(now) / 1000);
        }

        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(open(ErrorKind::Auth, now).probe_at.since(now) / 1000, 3600);
    }
}
