//! How long to wait before the next attempt.

use std::time::Duration;

use crate::domain::RetryPolicy;

/// The wait before the attempt that follows attempt number `attempt`: full jitter, drawn from `seed`,
/// under a bound that doubles from `base_sec` up to `max_sec`.
pub fn wait(policy: RetryPolicy, attempt: u16, seed: u64) -> Duration {
    let doublings = u32::from(attempt.saturating_sub(1)).min(16);
    let bound = u64::from(policy.base_sec).saturating_mul(1 << doublings).min(policy.max_sec.into()) * 1000;
    Duration::from_millis(1 + seed % bound.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_doubles_up_to_its_maximum() {
        let policy = RetryPolicy { max_attempts: 9, base_sec: 2, max_sec: 10 };

        let longest = [1, 2, 3, 4, 9].map(|attempt| {
            (0..20_000).map(|seed| wait(policy, attempt, seed)).max().unwrap().as_secs_f64().round()
        });

        assert_eq!(longest, [2.0, 4.0, 8.0, 10.0, 10.0]);
    }
}
