//! Time is an argument: the core is told what time it is, and asks to be woken.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;

use crate::domain::Timestamp;

/// Tells the time and wakes sleepers.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// The wall clock: decides slots.
    fn now(&self) -> Timestamp;

    /// Time since some fixed start: measures durations, never steps.
    fn monotonic(&self) -> Duration;

    /// Returns once [`Clock::monotonic`] has moved on by `span`.
    async fn sleep(&self, span: Duration);

    /// Returns once [`Clock::now`] is at or past `instant`, or after a while if the wall clock is stepped.
    ///
    /// A caller asks the time again afterwards: an early return is allowed, a late one is lateness.
    async fn sleep_until(&self, instant: Timestamp) {
        self.sleep(instant.duration_since(self.now())).await;
    }
}

/// A clock that stands still until it is told to move, for tests and simulation.
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<Manual>>);

struct Manual {
    now: Timestamp,
    monotonic: Duration,
    sleepers: Vec<(Duration, Waker)>,
}

impl ManualClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(Manual { now, monotonic: Duration::ZERO, sleepers: Vec::new() })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Manual> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `span` pass.
    pub fn advance(&self, span: Duration) {
        let mut clock = self.lock();
        clock.now = clock.now + span;
        clock.monotonic += span;
        let passed = clock.monotonic;
        let woken: Vec<_> = clock.sleepers.extract_if(.., |(due, _)| *due <= passed).collect();
        drop(clock);
        woken.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// Moves on to `instant`; an earlier one changes nothing.
    pub fn advance_to(&self, instant: Timestamp) {
        let span = instant.duration_since(self.now());
        self.advance(span);
    }

    /// Steps the wall clock alone, as an operator or NTP would.
    pub fn step_to(&self, instant: Timestamp) {
        self.lock().now = instant;
    }

    /// How much time must pass until the first sleeper wakes.
    pub fn next_wake(&self) -> Option<Duration> {
        let clock = self.lock();
        clock.sleepers.iter().map(|(due, _)| due.saturating_sub(clock.monotonic)).min()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn monotonic(&self) -> Duration {
        self.lock().monotonic
    }

    async fn sleep(&self, span: Duration) {
        let due = self.monotonic() + span;
        std::future::poll_fn(|context| {
            let mut clock = self.lock();
            if clock.monotonic >= due {
                return Poll::Ready(());
            }
            clock.sleepers.push((due, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
