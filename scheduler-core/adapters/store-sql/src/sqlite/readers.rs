//! A few threads with read-only connections, for what is not in memory.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use futures::channel::oneshot;
use rusqlite::Connection;
use scheduler_core::ports::StoreError;

use super::schema::{self, Purpose};
use crate::error::Cause;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Where questions are handed in. Dropping it ends the threads.
pub(super) struct Readers {
    queue: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path, count: usize) -> Result<Self, Cause> {
        let (queue, jobs) = channel();
        let jobs = Arc::new(Mutex::new(jobs));
        let mut readers = Self { queue: Some(queue), threads: Vec::new() };
        for _ in 0..count.max(1) {
            let conn = schema::connect(path, Purpose::Read)?;
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new()
                .name("sqlite-reader".into())
                .spawn(move || serve(&conn, &jobs))
                .map_err(|_| Cause::Stopped)?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Has `question` answered from what was last committed.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |conn: &Connection| drop(reply.send(question(conn))));
        let queue = self.queue.as_ref().ok_or(Cause::Stopped)?;
        queue.send(job).map_err(|_| Cause::Stopped)?;
        Ok(answer.await.map_err(|_| Cause::Stopped)??)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(conn: &Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(conn),
            Err(_) => return,
        }
    }
}
