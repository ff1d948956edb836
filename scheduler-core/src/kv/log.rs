//! The log of commits: where its end is, how it grows, what is read from it.
//!
//! Commits are published one after the other, each under the next free slot of the newest segment. Nobody can
//! publish where another has, so the log is one line; and its end is wherever nothing follows. The last commit
//! of a segment names the next one, whose folder has a name that was drawn at random and is never made again:
//! to publish in a segment that was dropped is impossible, however late the writer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::bucket::{Bucket, Published};
use super::node::{Header, Node, Place, Pointer, Segment};
use crate::ports::StoreError;

/// Commits in a segment.
pub(super) const SLOTS: u16 = 64;
/// How often the end of the log is looked for while others drop segments.
const PATIENCE: usize = 100;
/// Nodes that are kept in memory.
const KEPT: usize = 8192;

/// What keeps an answer from coming.
#[derive(Debug)]
pub(super) enum Fault {
    /// The log has moved on, and what was to be read was dropped: look again.
    Moved,
    /// It can not be helped.
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The log of commits in a bucket.
pub(super) struct Log<B> {
    bucket: B,
    seen: Mutex<Seen>,
}

/// What is remembered; nothing depends on it.
#[derive(Default)]
struct Seen {
    end: Option<End>,
    nodes: HashMap<Pointer, Arc<Node>>,
}

/// The end of the log, as of some instant.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) place: Place,
    pub(super) header: Header,
}

impl End {
    /// Where the next commit goes.
    pub(super) fn next(&self) -> Place {
        match self.header.next {
            Some(segment) => Place { segment, slot: 0 },
            None => Place { segment: self.place.segment, slot: self.place.slot + 1 },
        }
    }
}

impl<B: Bucket> Log<B> {
    pub(super) fn new(bucket: B) -> Self {
        Self { bucket, seen: Mutex::default() }
    }

    pub(super) fn bucket(&self) -> &B {
        &self.bucket
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the log.
    pub(super) async fn end(&self) -> Result<End, StoreError> {
        let remembered = self.seen().end;
        let mut from = match remembered {
            Some(end) => Some(end),
            None => self.noted().await?,
        };
        for _ in 0..PATIENCE {
            let start = match from.take() {
                Some(end) => end,
                None => match self.search().await? {
                    Some(end) => end,
                    None => continue,
                },
            };
            if let Some(end) = self.follow(start).await? {
                if remembered.is_none_or(|known| known.place != end.place) {
                    self.seen().end = Some(end);
                }
                return Ok(end);
            }
        }
        Err(StoreError::Corrupt("the end of the log is not to be found".into()))
    }

    /// Walks from a commit to the end; none when the commit was dropped on the way.
    async fn follow(&self, mut at: End) -> Result<Option<End>, StoreError> {
        loop {
            if let Some(next) = self.commit(at.next()).await? {
                at = next;
                continue;
            }
            // Nothing follows, or all of it was dropped: then this one was, too.
            return Ok(self.exists(at.place).await?.then_some(at));
        }
    }

    async fn commit(&self, place: Place) -> Result<Option<End>, StoreError> {
        let found = self.bucket.read(&place.segment.folder(), &place.name(), 0, Header::LEN).await?;
        found.map(|bytes| Ok(End { place, header: Header::read(bytes)? })).transpose()
    }

    async fn exists(&self, place: Place) -> Result<bool, StoreError> {
        Ok(self.bucket.read(&place.segment.folder(), &place.name(), 0, 1).await?.is_some())
    }

    /// The commit that the note names, if it is still there.
    async fn noted(&self) -> Result<Option<End>, StoreError> {
        let place = self.bucket.note().await?.and_then(|mut note| Place::take(&mut note));
        match place {
            Some(place) => self.commit(place).await,
            None => Ok(None),
        }
    }

    /// Any commit that is still there; the origin when there is none, which is made if need be.
    async fn search(&self) -> Result<Option<End>, StoreError> {
        let mut segments = self.segments().await?;
        segments.sort();
        for segment in segments.iter().rev().filter(|segment| **segment != Segment::ORIGIN) {
            if let Some(end) = self.commit(Place { segment: *segment, slot: 0 }).await? {
                return Ok(Some(end));
            }
        }
        let origin = match self.commit(Place { segment: Segment::ORIGIN, slot: 0 }).await? {
            Some(origin) => origin,
            None => {
                self.begin().await?;
                return Ok(None);
            }
        };
        // Where the first segment was dropped, there are later ones: the list was out of date.
        Ok(origin.header.next.filter(|first| segments.contains(first)).map(|_| origin))
    }

    /// Says where all begins, unless someone else does.
    async fn begin(&self) -> Result<(), StoreError> {
        let first = Segment::ORIGIN.follower();
        self.bucket.make_folder(&first.folder()).await?;
        self.bucket.make_folder(&Segment::ORIGIN.folder()).await?;
        let header = Header { version: 0, bytes: 0, next: Some(first), root: None };
        let mut bytes = Vec::with_capacity(Header::LEN);
        header.put(&mut bytes);
        let origin = Place { segment: Segment::ORIGIN, slot: 0 };
        let published =
            self.bucket.publish(&origin.segment.folder(), &origin.name(), Bytes::from(bytes)).await?;
        if published != Published::Done {
            self.bucket.drop_folder(&first.folder()).await?;
        }
        Ok(())
    }

    /// All folders of commits.
    pub(super) async fn segments(&self) -> Result<Vec<Segment>, StoreError> {
        Ok(self.bucket.folders().await?.iter().filter_map(|folder| Segment::read(folder)).collect())
    }

    /// How many bytes a full segment has.
    pub(super) async fn size(&self, segment: Segment) -> Result<u64, StoreError> {
        let last = self.commit(Place { segment, slot: SLOTS - 1 }).await?;
        Ok(last.map_or(0, |end| end.header.bytes))
    }

    /// Publishes what `pack` holds after `end`; whether nobody was faster.
    pub(super) async fn append(
        &self,
        end: &End,
        pack: Pack,
        version: u64,
        root: Option<Pointer>,
    ) -> Result<bool, StoreError> {
        let place = pack.place;
        let folder = place.segment.folder();
        let next = (place.slot + 1 == SLOTS).then(|| place.segment.follower());
        if let Some(next) = next {
            self.bucket.make_folder(&next.folder()).await?;
        }
        let before = if place.segment == end.place.segment { end.header.bytes } else { 0 };
        let header = Header { version, bytes: before + pack.bytes.len() as u64, next, root };
        let bytes = pack.finished(header);
        let published = self.bucket.publish(&folder, &place.name(), bytes.clone()).await?;
        if published != Published::Done {
            if let Some(next) = next {
                self.bucket.drop_folder(&next.folder()).await?;
            }
            return Ok(false);
        }
        let mut note = Vec::with_capacity(Place::LEN);
        place.put(&mut note);
        // The commit is made, whatever becomes of the note.
        let _lost = self.bucket.leave_note(note.into()).await;
        self.seen().end = Some(End { place, header });
        Ok(true)
    }

    /// A node of the tree.
    pub(super) async fn node(&self, pointer: Pointer) -> Result<Arc<Node>, Fault> {
        if let Some(node) = self.seen().nodes.get(&pointer) {
            return Ok(Arc::clone(node));
        }
        let Pointer { place, offset, len } = pointer;
        let read =
            self.bucket.read(&place.segment.folder(), &place.name(), offset.into(), len as usize).await?;
        let bytes = read.ok_or(Fault::Moved)?;
        if bytes.len() != len as usize {
            return Err(Fault::Store(StoreError::Corrupt("a commit is cut off".into())));
        }
        let node = Arc::new(Node::read(bytes)?);
        let mut seen = self.seen();
        if seen.nodes.len() >= KEPT {
            seen.nodes.clear();
        }
        seen.nodes.insert(pointer, Arc::clone(&node));
        Ok(node)
    }
}

/// What a commit is made of, until it is published.
pub(super) struct Pack {
    place: Place,
    bytes: Vec<u8>,
}

impl Pack {
    /// Will be published at `place`.
    pub(super) fn at(place: Place) -> Self {
        Self { place, bytes: vec![0; Header::LEN] }
    }

    /// Adds a node.
    pub(super) fn add(&mut self, node: &Node) -> Result<Pointer, StoreError> {
        let from = self.bytes.len();
        node.put(&mut self.bytes);
        let place =
            |at: usize| u32::try_from(at).map_err(|_| StoreError::Unavailable("too much at once".into()));
        Ok(Pointer { place: self.place, offset: place(from)?, len: place(self.bytes.len() - from)? })
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    fn finished(mut self, header: Header) -> Bytes {
        let mut front = Vec::with_capacity(Header::LEN);
        header.put(&mut front);
        self.bytes[..Header::LEN].copy_from_slice(&front);
        self.bytes.into()
    }
}
