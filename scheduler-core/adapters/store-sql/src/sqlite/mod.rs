//! SQLite: one file on a local disk, for one server.

mod backup;
mod batch;
mod check;
mod error;
mod file;
mod history;
mod import;
mod load;
mod prune;
mod readers;
mod reads;
mod schema;
mod store;
mod writer;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use scheduler_core::memory::Records;

pub use backup::backup;
pub use check::{Report, check};
pub use error::OpenError;
pub(crate) use error::sort;

use crate::error::Cause;
use file::Lock;
use readers::Readers;
use schema::Purpose;
use writer::{Shared, Writer};

/// How a database is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Refuse when another server uses the database, and keep others out. What a server asks for;
    /// a tool that runs beside a server does not.
    pub exclusive: bool,
    /// Make a new database when there is none.
    pub create: bool,
    /// Threads that answer what is not in memory.
    pub readers: usize,
}

impl Default for Options {
    /// As a server: exclusive, made when missing, two readers.
    fn default() -> Self {
        Self { exclusive: true, create: true, readers: 2 }
    }
}

/// How many jobs shared how many transactions, since the database was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Throughput {
    /// Commits, imports and other things that were asked to be written.
    pub jobs: u64,
    /// Transactions that made them durable.
    pub transactions: u64,
}

/// A store in one SQLite file.
///
/// All current records are in memory as well: reading one does no I/O. One thread writes. It makes
/// whatever is queued in one transaction, flushes it to the disk, and answers then.
///
/// ```
/// use scheduler_core::domain::Key;
/// use scheduler_core::ports::Store;
/// use store_sql::sqlite::{Options, Sqlite};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("command-center.db");
/// let store = Sqlite::open(&path, Options::default())?;
///
/// # futures::executor::block_on(async {
/// assert!(store.load(&Key::system()).await?.is_none());
/// # Ok::<(), scheduler_core::ports::StoreError>(())
/// # }).unwrap();
/// # Ok::<(), store_sql::sqlite::OpenError>(())
/// ```
pub struct Sqlite {
    // In this order: the writer closes last and puts its log into the file, then the lock is let go.
    readers: Readers,
    writer: Writer,
    shared: Arc<Shared>,
    instance: Box<str>,
    _lock: Option<Lock>,
}

impl Sqlite {
    /// Opens the database at `path`, or makes it. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// An [`OpenError`] that says what is wrong with the file and what to do. A file that is not a
    /// sound database of ours is never touched.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let missing = matches!(file::look(path), Err(OpenError::Missing(_)));
        if missing && !options.create {
            return Err(OpenError::Missing(path.into()));
        }
        if missing {
            file::make_directory(path)?;
        }
        let lock = options.exclusive.then(|| Lock::take(path)).transpose()?;
        if missing {
            match schema::create(path) {
                // Another process was faster.
                Ok(()) | Err(OpenError::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        schema::inspect(path)?;
        schema::migrate(path, lock.as_ref())?;
        Self::start(path, options, lock)
    }

    fn start(path: &Path, options: Options, lock: Option<Lock>) -> Result<Self, OpenError> {
        let failed = |cause| schema::failed(path, cause);
        let conn = schema::connect(path, Purpose::Write).map_err(|error| schema::refused(path, &error))?;
        // What another process writes from here on is noticed by the writer.
        let seen = writer::data_version(&conn).map_err(failed)?;
        let instance = schema::instance(&conn).map_err(failed)?.into();
        let (sound, loaded) = std::thread::scope(|scope| {
            let sound = scope.spawn(|| schema::sound(path));
            let loaded = load::load(path);
            (sound.join(), loaded)
        });
        sound.unwrap_or_else(|_| Err(OpenError::Damaged(path.into())))?;
        let (records, numbers) = loaded.map_err(failed)?;
        let shared = Arc::new(Shared {
            path: path.into(),
            cache: RwLock::new(records),
            jobs: AtomicU64::new(0),
            transactions: AtomicU64::new(0),
        });
        let writer = Writer::start(Arc::clone(&shared), conn, seen, numbers).map_err(failed)?;
        let readers = Readers::start(path, options.readers).map_err(failed)?;
        Ok(Self { writer, readers, shared, instance, _lock: lock })
    }

    /// The name that this database got when it was made: the same after every restart.
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// How well writers shared transactions.
    pub fn throughput(&self) -> Throughput {
        Throughput {
            jobs: self.shared.jobs.load(Ordering::Relaxed),
            transactions: self.shared.transactions.load(Ordering::Relaxed),
        }
    }

    /// Writes a consistent copy while work goes on; see [`backup`].
    ///
    /// # Errors
    ///
    /// As [`backup`].
    pub async fn backup(&self, to: impl AsRef<Path>) -> Result<(), OpenError> {
        let (from, to) = (self.shared.path.clone(), to.as_ref().to_owned());
        let stopped = OpenError::Unavailable { path: from.clone(), cause: Cause::Stopped.into() };
        let (reply, answer) = futures::channel::oneshot::channel();
        let spawned = std::thread::Builder::new()
            .name("sqlite-backup".into())
            .spawn(move || drop(reply.send(backup(from, to))));
        match (spawned, answer.await) {
            (Ok(_), Ok(outcome)) => outcome,
            _ => Err(stopped),
        }
    }

    fn records(&self) -> RwLockReadGuard<'_, Records> {
        self.shared.cache.read().unwrap_or_else(PoisonError::into_inner)
    }
}
