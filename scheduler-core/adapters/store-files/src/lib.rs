//! A bucket of files in a directory, for [`KvStore`]: shared by any number of processes, with no locks.
//!
//! An object is written whole under a draft's name and then linked to its own, which fails where there is one.
//! A folder is renamed before it is emptied, so that nothing can be published in it any more.
//!
//! ```text
//! log/<folder>/<name>      objects; log/<folder>/draft-… on their way
//! dropped/                 what is being removed, and notes on their way
//! note                     the last note
//! ```

#[cfg_attr(not(target_os = "wasi"), path = "native.rs")]
#[cfg_attr(target_os = "wasi", path = "component.rs")]
mod directory;

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use scheduler_core::kv::{Bucket, KvStore, Published};
use scheduler_core::ports::StoreError;

use directory::{Directory, Problem};

/// How often a listing is begun again because something vanished during it.
const PATIENCE: usize = 100;

/// A directory of files.
///
/// Every process that can reach the directory may use it at the same time, natively or in a component.
/// The file system must have hard links, and renaming must be atomic: any local one does.
/// Calls block their thread for as long as the disk takes.
pub struct Files {
    directory: Directory,
}

impl Files {
    /// Opens a store in a directory, which is made if need be. In a component the path is that of a preopened one.
    ///
    /// # Errors
    ///
    /// When the directory can not be made or reached.
    pub fn open(path: &Path) -> Result<KvStore<Self>, StoreError> {
        let directory = Directory::open(path).map_err(failed)?;
        for folder in ["log", "dropped"] {
            directory.make_folder(folder).map_err(failed)?;
        }
        Ok(KvStore::new(Self { directory }))
    }

    /// Whether a directory holds a store.
    pub fn is_there(path: &Path) -> bool {
        Directory::open_existing(path)
            .is_ok_and(|directory| directory.read("note", 0, 1).is_ok_and(|note| note.is_some()))
    }

    /// Writes a file under a name of its own, whole and durable; where it is, unless its folder is missing.
    fn draft(&self, folder: &str, bytes: &[u8]) -> Result<Option<String>, StoreError> {
        let path = format!("{folder}/draft-{:016x}", random()?);
        match self.directory.create(&path, bytes) {
            Ok(()) => Ok(Some(path)),
            Err(Problem::Missing) => Ok(None),
            Err(problem) => Err(failed(problem)),
        }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, Problem> {
        let mut listed = self.directory.list(folder);
        for _ in 0..PATIENCE {
            match listed {
                Err(Problem::Missing) => listed = self.directory.list(folder),
                _ => break,
            }
        }
        listed
    }

    /// Removes what was dropped, now or earlier. Others may do the same: what is gone already is fine.
    fn empty_dropped(&self) -> Result<(), Problem> {
        for name in self.list("dropped")? {
            let path = format!("dropped/{name}");
            if let Ok(names) = self.list(&path) {
                for name in names {
                    gone(self.directory.remove(&format!("{path}/{name}")))?;
                }
                gone(self.directory.remove_folder(&path))?;
            } else {
                gone(self.directory.remove(&path))?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Bucket for Files {
    async fn read(
        &self,
        folder: &str,
        name: &str,
        offset: u64,
        len: usize,
    ) -> Result<Option<Bytes>, StoreError> {
        let read = self.directory.read(&format!("log/{folder}/{name}"), offset, len);
        Ok(read.map_err(failed)?.map(Bytes::from))
    }

    async fn publish(&self, folder: &str, name: &str, bytes: Bytes) -> Result<Published, StoreError> {
        let folder = format!("log/{folder}");
        let Some(draft) = self.draft(&folder, &bytes)? else { return Ok(Published::NoFolder) };
        let linked = self.directory.link(&draft, &format!("{folder}/{name}"));
        let removed = self.directory.remove(&draft);
        let published = match linked {
            Ok(()) => Published::Done,
            Err(Problem::Exists) => Published::Taken,
            Err(Problem::Missing) => Published::NoFolder,
            Err(problem) => return Err(failed(problem)),
        };
        gone(removed).map_err(failed)?;
        if published == Published::Done {
            match self.directory.sync(&folder) {
                // It was dropped meanwhile, so that many commits followed this one: it is durable.
                Ok(()) | Err(Problem::Missing) => {}
                Err(problem) => return Err(failed(problem)),
            }
        }
        Ok(published)
    }

    async fn make_folder(&self, folder: &str) -> Result<(), StoreError> {
        self.directory.make_folder(&format!("log/{folder}")).map_err(failed)?;
        self.directory.sync("log").map_err(failed)
    }

    async fn drop_folder(&self, folder: &str) -> Result<(), StoreError> {
        let moved = self.directory.rename(&format!("log/{folder}"), &format!("dropped/{folder}"));
        gone(moved).and_then(|()| self.empty_dropped()).map_err(failed)
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.list("log").map_err(failed)
    }

    async fn note(&self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.directory.read("note", 0, 256).map_err(failed)?.map(Bytes::from))
    }

    async fn leave_note(&self, bytes: Bytes) -> Result<(), StoreError> {
        let path = format!("dropped/note-{:016x}", random()?);
        self.directory.write(&path, &bytes).map_err(failed)?;
        self.directory.rename(&path, "note").map_err(failed)
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let draft = self.draft("dropped", b"probe")?;
        let removed = draft.map_or(Ok(()), |draft| self.directory.remove(&draft));
        gone(removed).map_err(failed)
    }
}

/// What is not there need not be removed.
fn gone(result: Result<(), Problem>) -> Result<(), Problem> {
    match result {
        Err(Problem::Missing) => Ok(()),
        result => result,
    }
}

fn failed(problem: Problem) -> StoreError {
    StoreError::Unavailable(problem.to_string().into())
}

fn random() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| StoreError::Unavailable(error.to_string().into()))
}
