//! The runtime's clocks.

use std::time::Duration;

use async_trait::async_trait;
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::Clock;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wstd::time::Timer;

pub(crate) struct RuntimeClock;

#[async_trait]
impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let time = wall_clock::now();
        let secs = i64::try_from(time.seconds).unwrap_or(i64::MAX);
        Timestamp::from_millis(
            secs.saturating_mul(1000).saturating_add((time.nanoseconds / 1_000_000).into()),
        )
    }

    fn monotonic(&self) -> Duration {
        Duration::from_nanos(monotonic_clock::now())
    }

    async fn sleep(&self, span: Duration) {
        wait(span).await;
    }
}

/// Waits until `span` has passed.
pub(crate) async fn wait(span: Duration) {
    // A century is for ever; the runtime counts nanoseconds in 64 bits.
    let span = span.min(Duration::from_secs(100 * 365 * 24 * 3600));
    Timer::after(span.into()).wait().await;
}
