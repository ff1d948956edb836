//! The thread that owns the write connection. Whatever is queued is made in one transaction.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use futures::channel::oneshot;
use rusqlite::Connection;
use scheduler_core::memory::Records;
use scheduler_core::ports::StoreError;

use super::batch::Batch;
use super::error::{is_of_the_disk, is_of_the_job};
use super::load::{self, Numbers};
use super::schema::{self, Purpose};
use crate::error::Cause;

/// Jobs of more than so many rows together wait for the next transaction.
const MOST_ROWS: usize = 20_000;

/// What the writer and the rest of the store share.
pub(super) struct Shared {
    pub(super) path: PathBuf,
    pub(super) cache: RwLock<Records>,
    pub(super) jobs: AtomicU64,
    pub(super) transactions: AtomicU64,
}

/// Something to be written, and the one who waits for it.
trait Job: Send {
    fn rows(&self) -> usize;
    /// May be called again when the transaction was rolled back for another job's sake.
    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), Cause>;
    fn fail(&mut self, error: StoreError);
    fn reply(self: Box<Self>);
}

struct Task<F, T> {
    rows: usize,
    work: F,
    outcome: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<F, T>
where
    F: FnMut(&mut Batch<'_>) -> Result<T, Cause> + Send,
    T: Send,
{
    fn rows(&self) -> usize {
        self.rows
    }

    fn run(&mut self, batch: &mut Batch<'_>) -> Result<(), Cause> {
        self.outcome = Ok((self.work)(batch)?);
        Ok(())
    }

    fn fail(&mut self, error: StoreError) {
        self.outcome = Err(error);
    }

    fn reply(self: Box<Self>) {
        let _ = self.reply.send(self.outcome);
    }
}

/// Where jobs are handed in. Dropping it ends the thread once it has made what is queued.
pub(super) struct Writer {
    queue: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread. `seen` is the data version before the records were read.
    pub(super) fn start(
        shared: Arc<Shared>,
        conn: Connection,
        seen: i64,
        numbers: Numbers,
    ) -> Result<Self, Cause> {
        let (queue, jobs) = channel();
        let mut maker = Maker { shared, conn: Some(conn), seen, numbers };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || maker.serve(&jobs))
            .map_err(|_| Cause::Stopped)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Has `work`, which writes about so many rows, made durable.
    pub(super) async fn make<T: Send + 'static>(
        &self,
        rows: usize,
        work: impl FnMut(&mut Batch<'_>) -> Result<T, Cause> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Task { rows, work, outcome: Err(Cause::Stopped.into()), reply };
        let queue = self.queue.as_ref().ok_or(Cause::Stopped)?;
        queue.send(Box::new(job)).map_err(|_| Cause::Stopped)?;
        answer.await.map_err(|_| Cause::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Maker {
    shared: Arc<Shared>,
    /// None after a fault of the disk: it is opened again before anything else is written.
    conn: Option<Connection>,
    /// Differs from the database's own once another process has written.
    seen: i64,
    numbers: Numbers,
}

impl Maker {
    fn serve(&mut self, queue: &Receiver<Box<dyn Job>>) {
        let mut jobs = Vec::new();
        while let Ok(job) = queue.recv() {
            let mut rows = job.rows();
            jobs.push(job);
            while rows < MOST_ROWS
                && let Ok(job) = queue.try_recv()
            {
                rows += job.rows();
                jobs.push(job);
            }
            self.make(&mut jobs);
            self.shared.jobs.fetch_add(jobs.len() as u64, Ordering::Relaxed);
            jobs.drain(..).for_each(|job| job.reply());
        }
    }

    /// Makes all jobs together, or each by itself when one of them is at fault.
    fn make(&mut self, jobs: &mut [Box<dyn Job>]) {
        let Err(cause) = self.transact(jobs) else {
            return;
        };
        let of_the_job = match &cause {
            Cause::Sqlite(error) => is_of_the_job(error),
            _ => true,
        };
        if of_the_job && jobs.len() > 1 {
            jobs.chunks_mut(1).for_each(|job| self.make(job));
            return;
        }
        if matches!(&cause, Cause::Sqlite(error) if is_of_the_disk(error)) {
            self.conn = None;
        }
        let error = StoreError::from(cause);
        jobs.iter_mut().for_each(|job| job.fail(error.clone()));
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), Cause> {
        if self.conn.is_none() {
            self.conn = Some(schema::connect(&self.shared.path, Purpose::Write)?);
            self.seen = i64::MIN;
        }
        let Some(conn) = &self.conn else {
            return Err(Cause::Stopped);
        };
        conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let begun = data_version(conn).and_then(|version| {
            if version != self.seen {
                let mut records = self.shared.cache.write().unwrap_or_else(PoisonError::into_inner);
                load::refresh(conn, &mut records, &mut self.numbers)?;
                self.seen = version;
            }
            Ok(())
        });
        let mut batch = Batch::new(conn, &self.shared.cache, &mut self.numbers);
        let made = begun
            .and_then(|()| jobs.iter_mut().try_for_each(|job| job.run(&mut batch)))
            .and_then(|()| Ok(conn.prepare_cached("COMMIT")?.execute([])?));
        match made {
            Ok(_) => {
                batch.publish();
                self.shared.transactions.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(cause) => {
                batch.forget();
                if !conn.is_autocommit() {
                    conn.execute_batch("ROLLBACK")?;
                }
                Err(cause)
            }
        }
    }
}

/// Moves when another connection has written.
pub(super) fn data_version(conn: &Connection) -> Result<i64, Cause> {
    Ok(conn.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
}

#[cfg(test)]
#[path = "faults.rs"]
mod faults;
