//! Keeps all tenants of the process within AccuLynx's limits: per key, and per address for all of them.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use scheduler_core::ports::Clock;

const SECOND: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// At most `rate` requests in any second, of which at most `burst` at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// In any second, however it is laid.
    pub rate: u32,
    /// Back to back.
    pub burst: u32,
}

/// A limiter's figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For all keys together.
    pub all: Rate,
    /// For each key.
    pub key: Rate,
    /// Requests of one key that may be under way at once.
    pub in_flight: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { all: Rate { rate: 24, burst: 8 }, key: Rate { rate: 8, burst: 4 }, in_flight: 4 }
    }
}

/// Hands out permits to send. Clones share one account; keys take turns.
#[derive(Clone)]
pub struct Limiter(Arc<Mutex<State>>);

impl Default for Limiter {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

/// The right to send one request; in flight until it is dropped.
pub struct Permit {
    limiter: Limiter,
    key: Arc<str>,
}

/// No permit before the caller's deadline: the key, or every key, is held until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// On the monotonic clock.
    pub until: Duration,
}

impl Limiter {
    /// Starts an account.
    pub fn new(limits: Limits) -> Self {
        Self(Arc::new(Mutex::new(State {
            limits,
            all: Window::default(),
            keys: HashMap::new(),
            turns: VecDeque::new(),
            tickets: 0,
            paused_until: Duration::ZERO,
            last_pause: Duration::ZERO,
        })))
    }

    /// Waits for the right to send, in turn with other keys.
    pub async fn acquire(
        &self,
        key: &Arc<str>,
        clock: &dyn Clock,
        deadline: Duration,
    ) -> Result<Permit, Held> {
        let ticket = Ticket { limiter: self.clone(), key: key.clone(), number: self.lock().enqueue(key) };
        loop {
            let answer = self.lock().attempt(&ticket, clock.monotonic(), deadline)?;
            let Some(wait) = answer else {
                return Ok(Permit { limiter: self.clone(), key: key.clone() });
            };
            let mut sleep = pin!(clock.sleep(wait));
            std::future::poll_fn(|context| {
                if self.lock().watch(&ticket, context.waker()) {
                    return Poll::Ready(());
                }
                sleep.as_mut().poll(context)
            })
            .await;
        }
    }

    /// Holds one key until then: the upstream asked for it.
    pub fn hold(&self, key: &Arc<str>, until: Duration) {
        let mut state = self.lock();
        let held = &mut state.key(key).held_until;
        *held = until.max(*held);
    }

    /// Holds every key, since a refusal without a reason may mean the whole address: 30 s, then twice as
    /// long each time, up to 300 s. Says until when.
    pub fn pause_all(&self, now: Duration) -> Duration {
        let mut state = self.lock();
        if state.paused_until <= now {
            state.last_pause = (state.last_pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            state.paused_until = now + state.last_pause;
        }
        state.paused_until
    }

    /// Notes that the upstream answers again, so that the next pause starts small.
    pub fn answered(&self, now: Duration) {
        let mut state = self.lock();
        if state.paused_until <= now {
            state.last_pause = Duration::ZERO;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        let key = state.key(&self.key);
        key.in_flight = key.in_flight.saturating_sub(1);
        state.wake_next(&self.key);
    }
}

/// A place in a key's queue; given back when the wait is given up.
struct Ticket {
    limiter: Limiter,
    key: Arc<str>,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.limiter.lock();
        let key = state.key(&self.key);
        key.waiting.retain(|waiter| waiter.number != self.number);
        if key.granted.contains(&self.number) {
            key.granted.retain(|number| *number != self.number);
            key.in_flight = key.in_flight.saturating_sub(1);
        }
        state.wake_next(&self.key);
    }
}

struct State {
    limits: Limits,
    all: Window,
    keys: HashMap<Arc<str>, KeyState>,
    /// Keys with somebody waiting; the first is next.
    turns: VecDeque<Arc<str>>,
    tickets: u64,
    paused_until: Duration,
    last_pause: Duration,
}

#[derive(Default)]
struct KeyState {
    window: Window,
    in_flight: u32,
    held_until: Duration,
    waiting: VecDeque<Waiter>,
    granted: Vec<u64>,
}

struct Waiter {
    number: u64,
    waker: Option<Waker>,
}

impl State {
    fn key(&mut self, key: &Arc<str>) -> &mut KeyState {
        self.keys.entry(key.clone()).or_default()
    }

    fn enqueue(&mut self, key: &Arc<str>) -> u64 {
        self.tickets += 1;
        let number = self.tickets;
        let state = self.key(key);
        state.waiting.push_back(Waiter { number, waker: None });
        if state.waiting.len() == 1 {
            self.turns.push_back(key.clone());
        }
        number
    }

    /// None: granted. Some: look again after that long.
    fn attempt(
        &mut self,
        ticket: &Ticket,
        now: Duration,
        deadline: Duration,
    ) -> Result<Option<Duration>, Held> {
        let held = self.paused_until.max(self.key(&ticket.key).held_until);
        if held > now && held >= deadline {
            return Err(Held { until: held });
        }
        self.dispatch(now);
        let all = self.all.free_at(now, self.limits.all);
        let limit = self.limits.key;
        let in_flight = self.limits.in_flight;
        let key = self.key(&ticket.key);
        if key.granted.contains(&ticket.number) {
            key.granted.retain(|number| *number != ticket.number);
            return Ok(None);
        }
        if key.in_flight >= in_flight {
            // A permit that is given back wakes the next in line; the sleep is for safety only.
            return Ok(Some(SECOND));
        }
        let free = key.window.free_at(now, limit).max(all).max(held);
        Ok(Some(free.saturating_sub(now).max(Duration::from_millis(1))))
    }

    /// Grants what can be granted: one request a key and turn.
    fn dispatch(&mut self, now: Duration) {
        if now < self.paused_until {
            return;
        }
        self.turns.retain(|key| self.keys.get(key).is_some_and(|state| !state.waiting.is_empty()));
        let mut refused = 0;
        while refused < self.turns.len() && self.all.free_at(now, self.limits.all) <= now {
            let Some(name) = self.turns.pop_front() else { return };
            let limits = self.limits;
            let state = self.key(&name);
            let free = now >= state.held_until
                && state.in_flight < limits.in_flight
                && state.window.free_at(now, limits.key) <= now;
            if free && let Some(waiter) = state.waiting.pop_front() {
                state.window.take(now);
                state.in_flight += 1;
                state.granted.push(waiter.number);
                if let Some(waker) = waiter.waker {
                    waker.wake();
                }
                let more = !state.waiting.is_empty();
                self.all.take(now);
                refused = 0;
                if more {
                    self.turns.push_back(name);
                }
            } else {
                refused += 1;
                self.turns.push_back(name);
            }
        }
        self.forget_idle(now);
    }

    /// Leaves a waker; true when there is something to look at already.
    fn watch(&mut self, ticket: &Ticket, waker: &Waker) -> bool {
        let key = self.key(&ticket.key);
        match key.waiting.iter_mut().find(|waiter| waiter.number == ticket.number) {
            Some(waiter) => waiter.waker = Some(waker.clone()),
            None => return true,
        }
        false
    }

    fn wake_next(&mut self, key: &Arc<str>) {
        let next = self.keys.get_mut(key).and_then(|state| state.waiting.front_mut());
        if let Some(waker) = next.and_then(|waiter| waiter.waker.take()) {
            waker.wake();
        }
    }

    fn forget_idle(&mut self, now: Duration) {
        if self.keys.len() > 4096 {
            self.keys.retain(|_, key| {
                key.in_flight > 0
                    || !key.waiting.is_empty()
                    || now < key.held_until
                    || !key.window.is_old(now)
            });
        }
    }
}

/// When requests were let go within the last second.
#[derive(Default)]
struct Window(VecDeque<Duration>);

impl Window {
    /// The first instant from `now` on at which one more keeps to the limit.
    fn free_at(&self, now: Duration, limit: Rate) -> Duration {
        let (rate, burst) = (limit.rate.max(1) as usize, limit.burst.max(1) as usize);
        let sent = self.0.len();
        // The second is strict: the request that leaves the window must be more than a second old.
        let tick = Duration::from_millis(1);
        let second = sent.checked_sub(rate).map_or(now, |first| self.0[first] + SECOND + tick);
        // After a burst, requests keep the distance that the rate gives.
        let gap = SECOND / limit.rate.max(1);
        let spaced = sent.checked_sub(burst).map_or(now, |first| self.0[first] + gap * burst as u32);
        now.max(second).max(spaced)
    }

    fn take(&mut self, now: Duration) {
        while self.0.front().is_some_and(|first| *first + 2 * SECOND < now) {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    fn is_old(&self, now: Duration) -> bool {
        self.0.back().is_none_or(|last| *last + 2 * SECOND < now)
    }
}

#[cfg(test)]
mod tests;
