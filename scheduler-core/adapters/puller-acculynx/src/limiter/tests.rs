use std::sync::atomic::{AtomicU32, Ordering};

use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::ManualClock;

use super::*;

const FAR: Duration = Duration::from_secs(100_000);

#[test]
fn no_second_holds_more_than_the_rate_however_it_is_laid() {
    let bench = Bench::new();
    for key in ["a", "b", "c", "d", "e"] {
        for _ in 0..40 {
            bench.send(key, Duration::from_millis(10));
        }
    }

    let sent = bench.run();

    assert_eq!(sent.len(), 200);
    assert!(busiest(sent.iter().map(|(_, at)| *at)) <= 24);
    for key in ["a", "b", "c", "d", "e"] {
        assert!(busiest(sent.iter().filter(|(name, _)| name == key).map(|(_, at)| *at)) <= 8, "{key}");
    }
    // 200 at 24 a second, 5 keys at 8 a second each: the limit of all is what binds.
    let last = sent.iter().map(|(_, at)| *at).max().unwrap();
    assert!(last < Duration::from_secs(10), "{last:?}");
}

#[test]
fn a_key_that_waits_for_itself_does_not_hold_up_others() {
    let bench = Bench::new();
    for _ in 0..100 {
        bench.send("greedy", Duration::ZERO);
    }
    bench.send("modest", Duration::ZERO);

    let sent = bench.run();

    let modest = sent.iter().find(|(name, _)| name == "modest").unwrap().1;
    assert_eq!(modest, Duration::ZERO);
}

#[test]
fn keys_take_turns_when_all_of_them_are_limited() {
    let bench = Bench::new();
    for key in 0..12 {
        for _ in 0..8 {
            bench.send(&format!("k{key}"), Duration::ZERO);
        }
    }

    let sent = bench.run();

    // 96 requests take four seconds, but nobody waits long for the first.
    let early = sent.iter().filter(|(_, at)| *at < Duration::from_millis(700));
    let served: std::collections::BTreeSet<_> = early.map(|(name, _)| name.clone()).collect();
    assert_eq!(served.len(), 12, "{sent:?}");
}

#[test]
fn a_key_has_at_most_four_requests_under_way() {
    let bench = Bench::new();
    for _ in 0..12 {
        bench.send("slow", Duration::from_secs(20));
    }

    bench.run();

    assert_eq!(bench.most.load(Ordering::Relaxed), 4);
}

#[test]
fn a_pause_holds_every_key_and_doubles_until_answers_come() {
    let limiter = Limiter::default();
    let at = Duration::from_secs;

    assert_eq!(limiter.pause_all(at(100)), at(130));
    assert_eq!(limiter.pause_all(at(101)), at(130), "one pause at a time");
    assert_eq!(limiter.pause_all(at(130)), at(190));
    for _ in 0..9 {
        let until = limiter.0.lock().unwrap().paused_until;
        limiter.pause_all(until);
    }
    let until = limiter.0.lock().unwrap().paused_until;
    assert_eq!(limiter.pause_all(until), until + LONGEST_PAUSE);
    limiter.answered(until + LONGEST_PAUSE);
    assert_eq!(limiter.pause_all(until + LONGEST_PAUSE), until + LONGEST_PAUSE + FIRST_PAUSE);
}

#[test]
fn who_is_held_past_the_deadline_is_told_so_at_once() {
    let limiter = Limiter::default();
    let clock = ManualClock::at(Timestamp::MIN);
    let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
    limiter.hold(&a, Duration::from_secs(60));

    let held = futures::executor::block_on(limiter.acquire(&a, &clock, Duration::from_secs(30)));
    let free = futures::executor::block_on(limiter.acquire(&b, &clock, Duration::from_secs(30)));

    assert_eq!(held.err(), Some(Held { until: Duration::from_secs(60) }));
    assert!(free.is_ok());
}

#[test]
fn a_wait_that_is_given_up_leaves_no_trace() {
    let limiter = Limiter::new(Limits { in_flight: 1, ..Limits::default() });
    let clock = ManualClock::at(Timestamp::MIN);
    let key: Arc<str> = "a".into();
    let first = futures::executor::block_on(limiter.acquire(&key, &clock, FAR)).ok().unwrap();
    let mut second = Box::pin(limiter.acquire(&key, &clock, FAR));
    assert!(poll_once(&mut second).is_none());

    drop(second);
    drop(first);

    assert!(futures::executor::block_on(limiter.acquire(&key, &clock, FAR)).is_ok());
}

fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Sends that share a limiter and a clock that is moved by hand.
struct Bench {
    limiter: Limiter,
    clock: ManualClock,
    pool: std::cell::RefCell<LocalPool>,
    sent: Arc<Mutex<Vec<(String, Duration)>>>,
    under_way: Arc<AtomicU32>,
    most: Arc<AtomicU32>,
}

impl Bench {
    fn new() -> Self {
        Self {
            limiter: Limiter::default(),
            clock: ManualClock::at(Timestamp::MIN),
            pool: LocalPool::new().into(),
            sent: Arc::default(),
            under_way: Arc::default(),
            most: Arc::default(),
        }
    }

    fn send(&self, key: &str, takes: Duration) {
        let (limiter, clock, sent) = (self.limiter.clone(), self.clock.clone(), self.sent.clone());
        let (under_way, most) = (self.under_way.clone(), self.most.clone());
        let key: Arc<str> = key.into();
        let work = async move {
            let permit = limiter.acquire(&key, &clock, FAR).await;
            sent.lock().unwrap().push((key.to_string(), clock.monotonic()));
            most.fetch_max(under_way.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            clock.sleep(takes).await;
            under_way.fetch_sub(1, Ordering::Relaxed);
            drop(permit);
        };
        self.pool.borrow().spawner().spawn_local(work).unwrap();
    }

    fn run(&self) -> Vec<(String, Duration)> {
        let mut pool = self.pool.borrow_mut();
        loop {
            pool.run_until_stalled();
            match self.clock.next_wake() {
                Some(wake) => self.clock.advance(wake),
                None => return self.sent.lock().unwrap().clone(),
            }
        }
    }
}

fn busiest(times: impl Iterator<Item = Duration>) -> usize {
    let mut times: Vec<_> = times.collect();
    times.sort();
    let within = |first: usize| times[first..].iter().take_while(|at| **at <= times[first] + SECOND).count();
    (0..times.len()).map(within).max().unwrap_or(0)
}
