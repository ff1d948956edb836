//! What a key-value store is kept in: objects that are published once, in folders that vanish whole.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::ports::StoreError;

/// What became of an attempt to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// The object is there, whole and durable.
    Done,
    /// There was one of that name; it is untouched.
    Taken,
    /// There is no such folder.
    NoFolder,
}

/// Folders of objects. An object is published under a name that was free, and never changes afterwards.
///
/// That one promise is a compare-and-swap that needs no lock: of two who publish under one name, one wins.
#[async_trait]
pub trait Bucket: Send + Sync + 'static {
    /// At most `len` bytes of an object from `offset` on; none when there is no such object or folder.
    ///
    /// Fewer bytes come back where the object ends before.
    async fn read(
        &self,
        folder: &str,
        name: &str,
        offset: u64,
        len: usize,
    ) -> Result<Option<Bytes>, StoreError>;

    /// Publishes an object, unless there is one of that name: whole or not at all, and durable once it is done.
    async fn publish(&self, folder: &str, name: &str, bytes: Bytes) -> Result<Published, StoreError>;

    /// Makes a folder durably, unless it is there.
    async fn make_folder(&self, folder: &str) -> Result<(), StoreError>;

    /// Removes a folder with all that is in it; at once, so that nothing can be published there any more.
    async fn drop_folder(&self, folder: &str) -> Result<(), StoreError>;

    /// The names of all folders. May leave out what comes or goes meanwhile.
    async fn folders(&self) -> Result<Vec<String>, StoreError>;

    /// The note that was left last, by whomever; one that gets lost does no harm.
    async fn note(&self) -> Result<Option<Bytes>, StoreError>;

    /// Leaves a note in place of the last one.
    async fn leave_note(&self, bytes: Bytes) -> Result<(), StoreError>;

    /// Makes sure, with a real write, that something can be written.
    async fn probe(&self) -> Result<(), StoreError>;
}

#[async_trait]
impl<B: Bucket> Bucket for Arc<B> {
    async fn read(
        &self,
        folder: &str,
        name: &str,
        offset: u64,
        len: usize,
    ) -> Result<Option<Bytes>, StoreError> {
        (**self).read(folder, name, offset, len).await
    }

    async fn publish(&self, folder: &str, name: &str, bytes: Bytes) -> Result<Published, StoreError> {
        (**self).publish(folder, name, bytes).await
    }

    async fn make_folder(&self, folder: &str) -> Result<(), StoreError> {
        (**self).make_folder(folder).await
    }

    async fn drop_folder(&self, folder: &str) -> Result<(), StoreError> {
        (**self).drop_folder(folder).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        (**self).folders().await
    }

    async fn note(&self) -> Result<Option<Bytes>, StoreError> {
        (**self).note().await
    }

    async fn leave_note(&self, bytes: Bytes) -> Result<(), StoreError> {
        (**self).leave_note(bytes).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        (**self).probe().await
    }
}

/// A bucket that is gone with its process.
#[derive(Default)]
pub struct MemoryBucket(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    folders: BTreeMap<String, BTreeMap<String, Bytes>>,
    note: Option<Bytes>,
}

impl MemoryBucket {
    /// Holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Bucket for MemoryBucket {
    async fn read(
        &self,
        folder: &str,
        name: &str,
        offset: u64,
        len: usize,
    ) -> Result<Option<Bytes>, StoreError> {
        let contents = self.lock();
        let object = contents.folders.get(folder).and_then(|objects| objects.get(name));
        Ok(object.map(|object| {
            let from = usize::try_from(offset).unwrap_or(usize::MAX).min(object.len());
            object.slice(from..from.saturating_add(len).min(object.len()))
        }))
    }

    async fn publish(&self, folder: &str, name: &str, bytes: Bytes) -> Result<Published, StoreError> {
        let mut contents = self.lock();
        let Some(objects) = contents.folders.get_mut(folder) else { return Ok(Published::NoFolder) };
        if objects.contains_key(name) {
            return Ok(Published::Taken);
        }
        objects.insert(name.to_owned(), bytes);
        Ok(Published::Done)
    }

    async fn make_folder(&self, folder: &str) -> Result<(), StoreError> {
        self.lock().folders.entry(folder.to_owned()).or_default();
        Ok(())
    }

    async fn drop_folder(&self, folder: &str) -> Result<(), StoreError> {
        self.lock().folders.remove(folder);
        Ok(())
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.lock().folders.keys().cloned().collect())
    }

    async fn note(&self) -> Result<Option<Bytes>, StoreError> {
        Ok(self.lock().note.clone())
    }

    async fn leave_note(&self, bytes: Bytes) -> Result<(), StoreError> {
        self.lock().note = Some(bytes);
        Ok(())
    }

    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
