//! Keeps the log short: moves what old commits hold to new ones, and drops the folders that nobody needs.

use std::collections::HashSet;
use std::sync::Arc;

use super::bucket::Bucket;
use super::log::{Fault, Log, Pack};
use super::node::Segment;
use super::tree::Snapshot;

/// Full segments at the end of the log that are left alone: readers of the last commits are not disturbed.
const RECENT: u32 = 2;
/// Old segments may hold so many times what is needed of them.
const SLACK: u64 = 2;
/// Commits that a sweep may make to move nodes.
const LOADS: usize = 8;
/// Old segments that are no trouble.
const FEW: usize = 4;

/// Drops what is not needed, and moves a part of what is where too much is kept for its sake.
///
/// Nothing is lost whoever else writes: what the end of the log does not need, no later commit needs, because
/// each takes over only nodes of the one before it, and what is published elsewhere than at the end is refused.
pub(super) async fn sweep<B: Bucket>(log: &Arc<Log<B>>) -> Result<(), Fault> {
    for _ in 0..LOADS {
        if !step(log).await? {
            break;
        }
    }
    Ok(())
}

/// One step of a sweep; whether there is more to move.
async fn step<B: Bucket>(log: &Arc<Log<B>>) -> Result<bool, Fault> {
    let snapshot = Snapshot::now(log).await?;
    let end = snapshot.end().place.segment;
    let needed = snapshot.needed().await?;
    let mut old = Vec::new();
    for segment in log.segments().await? {
        if segment == Segment::ORIGIN || segment.number + RECENT >= end.number {
            continue;
        }
        match needed.get(&segment) {
            None => log.bucket().drop_folder(&segment.folder()).await?,
            Some(needed) => old.push((*needed, log.size(segment).await?, segment)),
        }
    }
    let (needed, kept) = old.iter().fold((0, 0), |(needed, kept), one| (needed + one.0, kept + one.1));
    if old.len() <= FEW || kept <= SLACK * needed {
        return Ok(false);
    }
    // Those of which the least is needed give the most for the least.
    old.sort_by_key(|(needed, size, _)| needed * 1000 / (*size).max(1));
    let worst: HashSet<_> = old.iter().take(old.len().div_ceil(2)).map(|(.., segment)| *segment).collect();
    let mut pack = Pack::at(snapshot.end().next());
    let root = snapshot.moved(&worst, &mut pack).await?;
    // If someone was faster, a later sweep does it.
    Ok(log.append(snapshot.end(), pack, snapshot.end().header.version, root).await?)
}
