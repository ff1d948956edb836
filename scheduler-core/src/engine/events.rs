//! What changed, for whoever watches: a short memory and any number of bounded listeners.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::Stream;
use futures::channel::mpsc;

use crate::domain::{AuditEntry, Record, Run};

/// How many events are kept for those who ask "what since?".
const MEMORY: usize = 4096;
/// How many events may wait for one listener.
const BACKLOG: usize = 256;

/// One committed change.
#[derive(Debug, Clone)]
pub struct Event {
    /// Orders events; a list read at this version holds the change.
    pub version: u64,
    /// The record after the change.
    pub record: Arc<Record>,
    /// Whether the schedule was deleted by it.
    pub deleted: bool,
    /// Runs that started or ended with it.
    pub runs: Vec<Arc<Run>>,
    /// Audit entries that came with it.
    pub audit: Vec<Arc<AuditEntry>>,
}

/// What a listener gets.
#[derive(Debug, Clone)]
pub enum Notice {
    /// Something changed.
    Event(Arc<Event>),
    /// The listener was too slow and missed something: read everything again.
    Resync,
}

/// The feed of changes made through one engine.
pub struct Events(Mutex<Feed>);

struct Feed {
    version: u64,
    oldest: u64,
    memory: VecDeque<Arc<Event>>,
    listeners: Vec<Listener>,
}

struct Listener {
    sender: mpsc::Sender<Arc<Event>>,
    missed: Arc<AtomicBool>,
}

impl Events {
    /// Starts after `version`.
    pub fn starting_at(version: u64) -> Self {
        Self(Mutex::new(Feed { version, oldest: version, memory: VecDeque::new(), listeners: Vec::new() }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Feed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last event's version. Read it before the store, and the answer is at least as new.
    pub fn version(&self) -> u64 {
        self.lock().version
    }

    /// The events after `version`, oldest first; none when they are forgotten.
    pub fn since(&self, version: u64) -> Option<Vec<Arc<Event>>> {
        let feed = self.lock();
        if version < feed.oldest || version > feed.version {
            return None;
        }
        let skip = feed.memory.partition_point(|event| event.version <= version);
        Some(feed.memory.range(skip..).cloned().collect())
    }

    /// Listens from here on.
    pub fn subscribe(&self) -> Subscription {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        let missed = Arc::new(AtomicBool::new(false));
        self.lock().listeners.push(Listener { sender, missed: missed.clone() });
        Subscription { receiver, missed }
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        let mut feed = self.lock();
        feed.listeners.retain(|listener| !listener.sender.is_closed());
        feed.listeners.len()
    }

    pub(super) fn publish(&self, mut event: Event) {
        let mut feed = self.lock();
        feed.version += 1;
        event.version = feed.version;
        let event = Arc::new(event);
        if feed.memory.len() == MEMORY
            && let Some(forgotten) = feed.memory.pop_front()
        {
            feed.oldest = forgotten.version;
        }
        feed.memory.push_back(event.clone());
        feed.listeners.retain_mut(|listener| match listener.sender.try_send(event.clone()) {
            Ok(()) => true,
            Err(error) if error.is_full() => {
                listener.missed.store(true, Ordering::Relaxed);
                true
            }
            Err(_) => false,
        });
    }
}

/// A stream of what changes. It never ends; one that falls behind is told to read everything again.
pub struct Subscription {
    receiver: mpsc::Receiver<Arc<Event>>,
    missed: Arc<AtomicBool>,
}

impl Stream for Subscription {
    type Item = Notice;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Notice>> {
        if self.missed.swap(false, Ordering::Relaxed) {
            while self.receiver.try_recv().is_ok() {}
            return Poll::Ready(Some(Notice::Resync));
        }
        Pin::new(&mut self.receiver).poll_next(context).map(|event| event.map(Notice::Event))
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, StreamExt};

    use super::*;
    use crate::domain::Key;

    fn event() -> Event {
        let record = Arc::new(Record::new(Key::system()));
        Event { version: 0, record, deleted: false, runs: vec![], audit: vec![] }
    }

    #[test]
    fn a_listener_that_falls_behind_is_told_to_read_again() {
        let events = Events::starting_at(10);
        let mut listener = events.subscribe();

        for _ in 0..BACKLOG * 2 {
            events.publish(event());
        }
        assert!(matches!(listener.next().now_or_never(), Some(Some(Notice::Resync))));
        assert!(listener.next().now_or_never().is_none());
        events.publish(event());
        assert!(matches!(listener.next().now_or_never(), Some(Some(Notice::Event(_)))));
    }

    #[test]
    fn what_is_forgotten_can_not_be_asked_for() {
        let events = Events::starting_at(10);
        for _ in 0..MEMORY + 5 {
            events.publish(event());
        }

        assert!(events.since(10).is_none());
        assert!(events.since(events.version() + 1).is_none());
        assert_eq!(events.since(15).unwrap().len(), MEMORY);
        assert_eq!(events.since(events.version()).unwrap().len(), 0);
    }
}
