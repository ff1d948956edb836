//! The timer of one connection's request heads.
//!
//! hyper asks for a new deadline with every request. Entering each into the runtime's timer wheel, and taking it
//! out again, costs several percent of a small request. So one entry stays: it rings early, and moves on.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant as StdInstant};

use hyper::rt;
use tokio::time::{Instant, Sleep, sleep_until};

/// Waits for deadlines, one at a time, that never lie before an earlier one.
pub(super) struct HeadTimer(Arc<Mutex<Pin<Box<Sleep>>>>);

impl HeadTimer {
    /// Rings for the first time after `span`, which is to be the span of all deadlines.
    pub(super) fn new(span: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(span)))))
    }
}

impl rt::Timer for HeadTimer {
    fn sleep(&self, span: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Deadline { at: Instant::now() + span, entry: self.0.clone() })
    }

    fn sleep_until(&self, at: StdInstant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(Deadline { at: at.into(), entry: self.0.clone() })
    }

    fn now(&self) -> StdInstant {
        Instant::now().into_std()
    }
}

struct Deadline {
    at: Instant,
    entry: Arc<Mutex<Pin<Box<Sleep>>>>,
}

impl rt::Sleep for Deadline {}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if entry.deadline() > self.at {
                // Not what hyper does, but it must not hang if it did.
                entry.set(sleep_until(self.at));
            }
            ready!(entry.as_mut().poll(context));
            if entry.deadline() >= self.at {
                return Poll::Ready(());
            }
            entry.as_mut().reset(self.at);
        }
    }
}
