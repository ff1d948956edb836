//! The real clock. A thread of its own wakes sleepers, because it is on time where a runtime's timer wheel
//! is a millisecond or two late.

#![expect(clippy::disallowed_methods, reason = "this is the one real clock that everything else is handed")]

use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::Clock;

/// How long a wait for the wall clock goes on without looking at it: it may be stepped, or the machine
/// suspended, which the monotonic clock does not see.
const LOOK: Duration = Duration::from_secs(5);

/// The machine's clocks, with a thread that wakes sleepers. Needs no runtime.
pub struct SystemClock {
    started: Instant,
    alarm: Arc<Alarm>,
}

impl SystemClock {
    /// Starts the alarm thread.
    ///
    /// # Errors
    ///
    /// When the operating system refuses a thread.
    pub fn start() -> io::Result<Self> {
        let alarm = Arc::new(Alarm::default());
        let ringing = alarm.clone();
        thread::Builder::new().name("alarm".into()).spawn(move || ringing.ring())?;
        Ok(Self { started: Instant::now(), alarm })
    }

    fn nap(&self, span: Duration) -> Nap<'_> {
        Nap { alarm: &self.alarm, deadline: Instant::now().checked_add(span), id: None }
    }

    /// Waits until nothing is `left`, asking again at least every `look`.
    async fn wait(&self, look: Duration, left: impl Fn() -> Duration + Send) {
        loop {
            let span = left();
            if span.is_zero() {
                return;
            }
            self.nap(span.min(look)).await;
        }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep(&self, span: Duration) {
        self.nap(span).await;
    }

    async fn sleep_until(&self, instant: Timestamp) {
        // Counted from the full resolution of the wall clock: `now` is cut to the millisecond.
        let target = UNIX_EPOCH + Duration::from_millis(u64::try_from(instant.millis()).unwrap_or(0));
        self.wait(LOOK, || target.duration_since(SystemTime::now()).unwrap_or_default()).await;
    }
}

impl Drop for SystemClock {
    fn drop(&mut self) {
        self.alarm.lock().closed = true;
        self.alarm.earlier.notify_one();
    }
}

/// What sleepers and the alarm thread share.
#[derive(Default)]
struct Alarm {
    sleepers: Mutex<Sleepers>,
    /// Told when there is an earlier deadline than the thread knows of.
    earlier: Condvar,
}

#[derive(Default)]
struct Sleepers {
    by_deadline: BTreeMap<(Instant, u64), Waker>,
    last_id: u64,
    closed: bool,
}

impl Alarm {
    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The alarm thread: parks until the earliest deadline, and wakes whoever is due.
    fn ring(&self) {
        #[cfg(target_os = "linux")]
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let mut due = Vec::new();
        let mut sleepers = self.lock();
        while !sleepers.closed {
            let now = Instant::now();
            while let Some(entry) = sleepers.by_deadline.first_entry()
                && entry.key().0 <= now
            {
                due.push(entry.remove());
            }
            if !due.is_empty() {
                drop(sleepers);
                due.drain(..).for_each(Waker::wake);
                sleepers = self.lock();
                continue;
            }
            sleepers = match sleepers.by_deadline.first_key_value() {
                Some(((deadline, _), _)) => {
                    let span = deadline.duration_since(now);
                    self.earlier.wait_timeout(sleepers, span).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.earlier.wait(sleepers).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// A wait for one instant. It takes a place among the sleepers when it is first polled, and leaves it when dropped.
struct Nap<'a> {
    alarm: &'a Alarm,
    /// `None` lies beyond what the clock can count.
    deadline: Option<Instant>,
    id: Option<u64>,
}

impl Future for Nap<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        if deadline <= Instant::now() {
            return Poll::Ready(());
        }
        let mut sleepers = self.alarm.lock();
        let id = self.id.unwrap_or_else(|| {
            sleepers.last_id += 1;
            sleepers.last_id
        });
        let key = (deadline, id);
        sleepers
            .by_deadline
            .entry(key)
            .and_modify(|waker| waker.clone_from(context.waker()))
            .or_insert_with(|| context.waker().clone());
        let is_new = self.id.is_none();
        let is_first = sleepers.by_deadline.first_key_value().is_some_and(|(first, _)| *first == key);
        drop(sleepers);
        self.id = Some(id);
        if is_new && is_first {
            self.alarm.earlier.notify_one();
        }
        Poll::Pending
    }
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        if let (Some(deadline), Some(id)) = (self.deadline, self.id) {
            self.alarm.lock().by_deadline.remove(&(deadline, id));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures::executor::block_on;
    use futures::future::{join_all, select};
    use std::pin::pin;

    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn a_sleep_ends_after_its_span_and_without_a_runtime() {
        let clock = SystemClock::start().unwrap();

        let before = clock.monotonic();
        block_on(clock.sleep(20 * MS));

        assert!(clock.monotonic() - before >= 20 * MS);
        assert!(clock.alarm.lock().by_deadline.is_empty());
    }

    #[test]
    fn an_earlier_sleep_overtakes_one_that_the_thread_already_waits_for() {
        let clock = SystemClock::start().unwrap();

        block_on(select(pin!(clock.sleep(HOUR)), pin!(clock.sleep(10 * MS))));

        assert!(clock.monotonic() < HOUR);
    }

    #[test]
    fn ten_thousand_sleeps_end_and_dropped_ones_leave_nothing_behind() {
        let clock = SystemClock::start().unwrap();
        for _ in 0..3 {
            let long = join_all((0..10_000).map(|_| clock.sleep(HOUR)));
            let short = join_all((0..10_000).map(|k| clock.sleep(MS * (k % 20))));

            block_on(select(long, short));
        }

        assert!(clock.alarm.lock().by_deadline.is_empty());
    }

    #[test]
    fn a_span_beyond_the_clock_is_no_panic() {
        let clock = SystemClock::start().unwrap();

        block_on(select(pin!(clock.sleep(Duration::MAX)), pin!(clock.sleep(MS))));
    }

    #[test]
    fn sleep_until_returns_at_the_instant_and_at_once_when_it_has_passed() {
        let clock = SystemClock::start().unwrap();
        let instant = clock.now() + 30 * MS;

        block_on(clock.sleep_until(instant));
        assert!(clock.now() >= instant);

        let before = clock.monotonic();
        block_on(clock.sleep_until(Timestamp::MIN));
        assert!(clock.monotonic() - before < HOUR);
    }

    #[test]
    fn a_step_of_the_wall_clock_is_noticed_at_the_next_look() {
        let clock = SystemClock::start().unwrap();
        let looks = AtomicU32::new(0);

        let left = || if looks.fetch_add(1, Ordering::Relaxed) < 3 { HOUR } else { Duration::ZERO };
        block_on(clock.wait(MS, left));

        assert_eq!(looks.into_inner(), 4);
    }

    #[test]
    fn the_thread_ends_with_the_clock() {
        let clock = SystemClock::start().unwrap();
        let alarm = Arc::downgrade(&clock.alarm);
        block_on(clock.sleep(MS));

        drop(clock);

        while alarm.strong_count() > 0 {
            thread::yield_now();
        }
    }
}
