//! How commits and the nodes of their tree are written down.

use bytes::{BufMut, Bytes};

use crate::ports::StoreError;

/// A folder of commits. The tag is drawn at random, so that no two folders ever have one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Segment {
    pub(super) number: u32,
    tag: u64,
}

/// Where a commit is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) segment: Segment,
    pub(super) slot: u16,
}

/// Where a node is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Pointer {
    pub(super) place: Place,
    pub(super) offset: u32,
    pub(super) len: u32,
}

/// What stands at the front of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Counts changes of records.
    pub(super) version: u64,
    /// Bytes of all commits of the segment up to this one.
    pub(super) bytes: u64,
    /// The segment that follows; only the last commit of a segment says it.
    pub(super) next: Option<Segment>,
    /// The tree as of this commit; none while it is empty.
    pub(super) root: Option<Pointer>,
}

/// A node of the tree, in the order of its keys.
#[derive(Debug)]
pub(super) enum Node {
    /// Keys and their values.
    Leaf(Vec<(Bytes, Bytes)>),
    /// Where keys from here on are; how many levels there are below.
    Inner(u8, Vec<(Bytes, Pointer)>),
}

impl Segment {
    /// The folder that says where all began. It is never dropped.
    pub(super) const ORIGIN: Self = Self { number: 0, tag: 0 };

    /// A folder of its own, to follow this one.
    pub(super) fn follower(self) -> Self {
        Self { number: self.number + 1, tag: u64::from_be_bytes(crate::vault::random()) }
    }

    pub(super) fn folder(self) -> String {
        format!("{:08x}-{:016x}", self.number, self.tag)
    }

    pub(super) fn read(folder: &str) -> Option<Self> {
        let (number, tag) = folder.split_once('-')?;
        let segment =
            Self { number: u32::from_str_radix(number, 16).ok()?, tag: u64::from_str_radix(tag, 16).ok()? };
        (segment.folder() == folder).then_some(segment)
    }
}

impl Place {
    pub(super) fn name(self) -> String {
        format!("{:04x}", self.slot)
    }

    pub(super) const LEN: usize = 14;

    pub(super) fn put(self, into: &mut Vec<u8>) {
        into.put_u32(self.segment.number);
        into.put_u64(self.segment.tag);
        into.put_u16(self.slot);
    }

    pub(super) fn take(from: &mut Bytes) -> Option<Self> {
        let segment = Segment { number: u32(from)?, tag: u64(from)? };
        Some(Self { segment, slot: u16::from_be_bytes(array(from)?) })
    }
}

impl Header {
    pub(super) const LEN: usize = 8 + 8 + 8 + Place::LEN + Place::LEN + 8;
    const MAGIC: &[u8; 8] = b"aether01";

    pub(super) fn put(self, into: &mut Vec<u8>) {
        let nowhere = Place { segment: Segment::ORIGIN, slot: 0 };
        into.put_slice(Self::MAGIC);
        into.put_u64(self.version);
        into.put_u64(self.bytes);
        self.next.map_or(nowhere, |segment| Place { segment, slot: 0 }).put(into);
        put_pointer(self.root.unwrap_or(Pointer { place: nowhere, offset: 0, len: 0 }), into);
    }

    pub(super) fn read(mut from: Bytes) -> Result<Self, StoreError> {
        let mut take = || {
            (array(&mut from)? == *Self::MAGIC).then_some(())?;
            let (version, bytes) = (u64(&mut from)?, u64(&mut from)?);
            let next = Place::take(&mut from)?.segment;
            let root = pointer(&mut from)?;
            let next = (next != Segment::ORIGIN).then_some(next);
            Some(Self { version, bytes, next, root: (root.len > 0).then_some(root) })
        };
        take().ok_or_else(|| StoreError::Corrupt("a commit has no header".into()))
    }
}

impl Node {
    /// Bytes that a node has at the most, more or less, unless one entry alone has more.
    pub(super) const MAX: usize = 4096;

    /// How many levels there are below.
    pub(super) fn level(&self) -> u8 {
        match self {
            Self::Leaf(_) => 0,
            Self::Inner(level, _) => *level,
        }
    }

    /// The child at a place; none in a leaf.
    pub(super) fn child(&self, at: usize) -> Option<Pointer> {
        match self {
            Self::Leaf(_) => None,
            Self::Inner(_, children) => children.get(at).map(|(_, child)| *child),
        }
    }

    /// The last place: that of the last child, or the one behind the last entry.
    pub(super) fn end(&self) -> usize {
        match self {
            Self::Leaf(entries) => entries.len(),
            Self::Inner(_, children) => children.len().saturating_sub(1),
        }
    }

    pub(super) fn put(&self, into: &mut Vec<u8>) {
        match self {
            Self::Leaf(entries) => {
                into.put_u8(0);
                for (key, value) in entries {
                    put_bytes(key, into);
                    put_bytes(value, into);
                }
            }
            Self::Inner(level, children) => {
                into.put_u8(*level);
                for (key, child) in children {
                    put_bytes(key, into);
                    put_pointer(*child, into);
                }
            }
        }
    }

    pub(super) fn read(mut from: Bytes) -> Result<Self, StoreError> {
        let mut take = || {
            let mut node = match array(&mut from)? {
                [0] => Self::Leaf(Vec::new()),
                [level] => Self::Inner(level, Vec::new()),
            };
            while !from.is_empty() {
                let key = bytes(&mut from)?;
                match &mut node {
                    Self::Leaf(entries) => entries.push((key, bytes(&mut from)?)),
                    Self::Inner(_, children) => children.push((key, pointer(&mut from)?)),
                }
            }
            Some(node)
        };
        take().ok_or_else(|| StoreError::Corrupt("a node can not be read".into()))
    }
}

/// Bytes of one entry of a node.
pub(super) fn entry_len(key: &Bytes, value: Option<&Bytes>) -> usize {
    4 + key.len() + value.map_or(Place::LEN + 8, |value| 4 + value.len())
}

fn put_pointer(pointer: Pointer, into: &mut Vec<u8>) {
    pointer.place.put(into);
    into.put_u32(pointer.offset);
    into.put_u32(pointer.len);
}

fn put_bytes(bytes: &Bytes, into: &mut Vec<u8>) {
    into.put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
    into.put_slice(bytes);
}

fn array<const N: usize>(from: &mut Bytes) -> Option<[u8; N]> {
    (from.len() >= N).then(|| from.split_to(N))?.as_ref().try_into().ok()
}

fn u32(from: &mut Bytes) -> Option<u32> {
    array(from).map(u32::from_be_bytes)
}

fn u64(from: &mut Bytes) -> Option<u64> {
    array(from).map(u64::from_be_bytes)
}

fn bytes(from: &mut Bytes) -> Option<Bytes> {
    let len = u32(from)? as usize;
    (from.len() >= len).then(|| from.split_to(len))
}

fn pointer(from: &mut Bytes) -> Option<Pointer> {
    Some(Pointer { place: Place::take(from)?, offset: u32(from)?, len: u32(from)? })
}
