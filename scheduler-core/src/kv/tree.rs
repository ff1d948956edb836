//! An ordered map as of one commit: nodes that never change, and how the next commit's are made of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use super::bucket::Bucket;
use super::log::{End, Fault, Log, Pack};
use super::node::{Node, Pointer, Segment, entry_len};

/// What is to be different: new values, or none.
pub(super) type Edits = BTreeMap<Bytes, Option<Bytes>>;

/// Nodes of one level, each with the first key that it may hold.
type Level = Vec<(Bytes, Pointer)>;

/// A commit that moves old nodes takes about so many bytes of them at the most.
const LOAD: usize = 1 << 20;

/// The map as of one commit.
pub(super) struct Snapshot<B> {
    log: Arc<Log<B>>,
    end: End,
}

impl<B> Clone for Snapshot<B> {
    fn clone(&self) -> Self {
        Self { log: Arc::clone(&self.log), end: self.end }
    }
}

impl<B: Bucket> Snapshot<B> {
    /// The map as it is now.
    pub(super) async fn now(log: &Arc<Log<B>>) -> Result<Self, Fault> {
        Ok(Self { log: Arc::clone(log), end: log.end().await? })
    }

    pub(super) fn end(&self) -> &End {
        &self.end
    }

    /// The value of a key.
    pub(super) async fn get(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        let Some(mut pointer) = self.end.header.root else { return Ok(None) };
        loop {
            match &*self.log.node(pointer).await? {
                Node::Leaf(entries) => {
                    let found = entries.binary_search_by(|(known, _)| known.as_ref().cmp(key));
                    return Ok(found.ok().map(|at| entries[at].1.clone()));
                }
                Node::Inner(_, children) => pointer = children[child_of(children, key)].1,
            }
        }
    }

    /// Stands between the entries before `key` and those from it on.
    pub(super) async fn seek(&self, key: &[u8]) -> Result<Walk<B>, Fault> {
        let mut path = Vec::new();
        let mut open = self.end.header.root;
        while let Some(pointer) = open {
            let node = self.log.node(pointer).await?;
            let at = match &*node {
                Node::Leaf(entries) => entries.partition_point(|(known, _)| known.as_ref() < key),
                Node::Inner(_, children) => child_of(children, key),
            };
            open = node.child(at);
            path.push((node, at));
        }
        Ok(Walk { log: Arc::clone(&self.log), path })
    }

    /// Writes the nodes of the map as `edits` make it, and gives its root.
    pub(super) async fn edited(&self, edits: Edits, pack: &mut Pack) -> Result<Option<Pointer>, Fault> {
        let edits: Vec<_> = edits.into_iter().collect();
        let (level, nodes) = match self.end.header.root {
            Some(root) => (self.level(root).await?, self.rewrite(root, &edits, &HashSet::new(), pack).await?),
            None => (0, leaves(&[], &edits, pack)?),
        };
        crowned(level, nodes, pack)
    }

    /// Writes anew nodes that lie in `segments`, and gives the root.
    pub(super) async fn moved(
        &self,
        segments: &HashSet<Segment>,
        pack: &mut Pack,
    ) -> Result<Option<Pointer>, Fault> {
        let Some(root) = self.end.header.root else { return Ok(None) };
        crowned(self.level(root).await?, self.rewrite(root, &[], segments, pack).await?, pack)
    }

    async fn level(&self, pointer: Pointer) -> Result<u8, Fault> {
        Ok(self.log.node(pointer).await?.level())
    }

    /// Writes anew what `edits` touch in a node and below it, and what lies in `moving`; gives what takes its place.
    fn rewrite<'a>(
        &'a self,
        pointer: Pointer,
        edits: &'a [(Bytes, Option<Bytes>)],
        moving: &'a HashSet<Segment>,
        pack: &'a mut Pack,
    ) -> BoxFuture<'a, Result<Level, Fault>> {
        Box::pin(async move {
            let node = self.log.node(pointer).await?;
            let (level, children) = match &*node {
                Node::Leaf(entries) => return leaves(entries, edits, pack),
                Node::Inner(level, children) => (*level, children),
            };
            let mut next = Vec::with_capacity(children.len() + 1);
            let mut left = edits;
            for (at, (key, child)) in children.iter().enumerate() {
                let upper = children.get(at + 1).map(|(upper, _)| upper);
                let mine = left.partition_point(|(edit, _)| upper.is_none_or(|upper| edit < upper));
                let (mine, rest) = left.split_at(mine);
                left = rest;
                // What lies below an inner node may be older than itself.
                let moves = pack.len() < LOAD && !moving.is_empty();
                if !mine.is_empty() || moves && (level > 1 || moving.contains(&child.place.segment)) {
                    next.extend(self.rewrite(*child, mine, moving, pack).await?);
                } else {
                    next.push((key.clone(), *child));
                }
            }
            if next == *children && !moving.contains(&pointer.place.segment) {
                return Ok(children.first().map(|(key, _)| vec![(key.clone(), pointer)]).unwrap_or_default());
            }
            inners(level, &next, pack)
        })
    }

    /// How many bytes of each segment the map needs.
    pub(super) async fn needed(&self) -> Result<HashMap<Segment, u64>, Fault> {
        let mut needed = HashMap::new();
        let mut need = |pointer: &Pointer| {
            *needed.entry(pointer.place.segment).or_default() += u64::from(pointer.len);
        };
        let mut open: Vec<_> = self.end.header.root.into_iter().collect();
        open.iter().for_each(&mut need);
        while let Some(pointer) = open.pop() {
            if let Node::Inner(level, children) = &*self.log.node(pointer).await? {
                children.iter().for_each(|(_, child)| need(child));
                if *level > 1 {
                    open.extend(children.iter().map(|(_, child)| *child));
                }
            }
        }
        Ok(needed)
    }
}

/// A place between two entries of the map.
pub(super) struct Walk<B> {
    log: Arc<Log<B>>,
    /// From the root down: each node, and where in it the walk stands.
    path: Vec<(Arc<Node>, usize)>,
}

impl<B: Bucket> Walk<B> {
    /// Steps over the entry that follows.
    pub(super) async fn next(&mut self) -> Result<Option<(Bytes, Bytes)>, Fault> {
        while let Some((node, at)) = self.path.last_mut() {
            match &**node {
                Node::Leaf(entries) => {
                    if let Some(entry) = entries.get(*at) {
                        *at += 1;
                        return Ok(Some(entry.clone()));
                    }
                    self.path.pop();
                }
                Node::Inner(_, children) if *at + 1 < children.len() => {
                    *at += 1;
                    let child = children[*at].1;
                    self.enter(child, |_| 0).await?;
                }
                Node::Inner(..) => drop(self.path.pop()),
            }
        }
        Ok(None)
    }

    /// Steps back over the entry that comes before.
    pub(super) async fn back(&mut self) -> Result<Option<(Bytes, Bytes)>, Fault> {
        while let Some((node, at)) = self.path.last_mut() {
            match &**node {
                Node::Leaf(entries) => {
                    if let Some(entry) = at.checked_sub(1).and_then(|before| entries.get(before)) {
                        *at -= 1;
                        return Ok(Some(entry.clone()));
                    }
                    self.path.pop();
                }
                Node::Inner(_, children) if *at > 0 => {
                    *at -= 1;
                    let child = children[*at].1;
                    self.enter(child, Node::end).await?;
                }
                Node::Inner(..) => drop(self.path.pop()),
            }
        }
        Ok(None)
    }

    /// Goes down to a leaf, in each node to where `side` says.
    async fn enter(&mut self, child: Pointer, side: impl Fn(&Node) -> usize) -> Result<(), Fault> {
        let mut open = Some(child);
        while let Some(pointer) = open {
            let node = self.log.node(pointer).await?;
            let at = side(&node);
            open = node.child(at);
            self.path.push((node, at));
        }
        Ok(())
    }
}

/// Which child may hold a key.
fn child_of(children: &[(Bytes, Pointer)], key: &[u8]) -> usize {
    children.partition_point(|(first, _)| first.as_ref() <= key).saturating_sub(1)
}

/// Puts inner nodes above nodes of a level until one is left.
fn crowned(mut level: u8, mut nodes: Level, pack: &mut Pack) -> Result<Option<Pointer>, Fault> {
    while nodes.len() > 1 {
        level += 1;
        nodes = inners(level, &nodes, pack)?;
    }
    Ok(nodes.first().map(|(_, pointer)| *pointer))
}

/// Writes leaves that hold `entries` as `edits` make them.
fn leaves(
    entries: &[(Bytes, Bytes)],
    edits: &[(Bytes, Option<Bytes>)],
    pack: &mut Pack,
) -> Result<Level, Fault> {
    let mut merged = Vec::with_capacity(entries.len() + edits.len());
    let mut left = entries;
    for (key, value) in edits {
        let (before, rest) = left.split_at(left.partition_point(|(known, _)| known < key));
        merged.extend_from_slice(before);
        left = &rest[usize::from(rest.first().is_some_and(|(known, _)| known == key))..];
        merged.extend(value.clone().map(|value| (key.clone(), value)));
    }
    merged.extend_from_slice(left);
    pieces(&merged, |(key, value)| entry_len(key, Some(value)), Node::Leaf, pack)
}

/// Writes inner nodes above `children`.
fn inners(level: u8, children: &[(Bytes, Pointer)], pack: &mut Pack) -> Result<Level, Fault> {
    pieces(children, |(key, _)| entry_len(key, None), |part| Node::Inner(level, part), pack)
}

/// Writes entries into as few nodes as they need, of about one size.
fn pieces<T: Clone>(
    entries: &[(Bytes, T)],
    len: impl Fn(&(Bytes, T)) -> usize,
    node: impl Fn(Vec<(Bytes, T)>) -> Node,
    pack: &mut Pack,
) -> Result<Level, Fault> {
    let total: usize = entries.iter().map(&len).sum();
    let share = total / total.div_ceil(Node::MAX).max(1);
    let (mut level, mut left) = (Vec::new(), entries);
    while let Some((first, _)) = left.first() {
        let mut size = 0;
        let full = left.iter().position(|entry| {
            size += len(entry);
            size >= share
        });
        let (part, rest) = left.split_at(full.map_or(left.len(), |last| last + 1));
        level.push((first.clone(), pack.add(&node(part.to_vec()))?));
        left = rest;
    }
    Ok(level)
}
