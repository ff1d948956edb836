//! Work that goes on after its request was answered, until the instance ends.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use wstd::runtime::{Task, spawn};

/// What an instance still has to do.
#[derive(Debug)]
pub(crate) struct Background {
    time: Duration,
    tasks: Mutex<Vec<Task<()>>>,
}

impl Background {
    /// Work may take up to `time`.
    pub(crate) fn new(time: Duration) -> Self {
        Self { time, tasks: Mutex::default() }
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<Task<()>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for all of it.
    pub(crate) async fn ended(&self) {
        loop {
            let task = self.tasks().pop();
            match task {
                Some(task) => task.await,
                None => return,
            }
        }
    }
}

impl scheduler_core::engine::Background for Background {
    fn time(&self) -> Duration {
        self.time
    }

    fn go_on(&self, work: BoxFuture<'static, ()>) {
        self.tasks().push(spawn(work));
    }
}
