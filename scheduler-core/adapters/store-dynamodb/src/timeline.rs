//! Lists whose rows sort by ids, newest first, gathered from several partitions.

use std::collections::VecDeque;

use futures::future::try_join_all;
use scheduler_core::ports::Ids;

use crate::error::Cause;
use crate::item::{Item, Name, SK, s, text};
use crate::reads::{Rows, least};
use crate::store::DynamoDb;
use crate::table::{OWNER, RUNS};

/// Requests after which a page ends, full or not: a filter that lets little through shall not read for ever.
const PATIENCE: usize = 200;

/// One partition of a list.
#[derive(Clone)]
pub(crate) enum Lane {
    /// Rows named by their ids.
    Table(String),
    /// Rows of a partition that are named by a word and their ids.
    Own(String, &'static str),
    /// Runs of one owner, which an index names and the table holds.
    Index(String),
}

impl Lane {
    pub(crate) fn rows(&self, ids: &Ids) -> Rows {
        let (low, high) = (&*ids.from, &*last_before(&ids.until));
        match self {
            Self::Table(pk) => Rows::between(pk, low, high),
            Self::Own(pk, word) => Rows::between(pk, &format!("{word}{low}"), &format!("{word}{high}")),
            Self::Index(owner) => Rows::of_index(RUNS, (OWNER, owner.clone()), (SK, least(low), s(high))),
        }
        .backward()
    }

    fn id<'a>(&self, item: &'a Item) -> Result<&'a str, Cause> {
        let name = text(item, SK)?;
        match self {
            Self::Own(_, word) => name.strip_prefix(word).ok_or(Cause::Unreadable("id")),
            _ => Ok(name),
        }
    }
}

/// The greatest text that is below `until` and at or above every id below it.
fn last_before(until: &str) -> String {
    // Ids have 26 digits; a shorter bound is that of an instant, and no id equals it.
    match until.len() {
        26 => {
            let (most, last) = until.split_at(25);
            let before = last.bytes().next().map_or(0, |digit| digit - 1);
            format!("{most}{}", char::from(before))
        }
        _ => until.to_owned(),
    }
}

/// What is left of a lane.
struct Reader {
    lane: Lane,
    rows: Rows,
    /// Wanted rows that were read and not taken yet, newest first.
    waiting: VecDeque<(String, Item)>,
    /// The id down to which everything was read.
    frontier: String,
    next: Option<Item>,
    ended: bool,
}

impl Reader {
    fn new(lane: Lane, ids: &Ids) -> Self {
        let rows = lane.rows(ids);
        Self { lane, rows, waiting: VecDeque::new(), frontier: String::new(), next: None, ended: false }
    }

    fn is_dry(&self) -> bool {
        self.waiting.is_empty() && !self.ended
    }

    fn newest(&self) -> Option<&str> {
        self.waiting.front().map(|(id, _)| id.as_str())
    }

    /// Reads on.
    async fn refill(
        &mut self,
        store: &DynamoDb,
        limit: usize,
        wanted: &(impl Fn(&Item) -> Result<bool, Cause> + Sync),
    ) -> Result<(), Cause> {
        let batch = store.rows(&self.rows, self.next.take(), limit).await?;
        let mut held = match self.lane {
            Lane::Index(_) => Some(store.items(names(&batch.items)?).await?),
            _ => None,
        };
        for item in batch.items {
            let id = self.lane.id(&item)?.to_owned();
            self.frontier.clone_from(&id);
            let row = match &mut held {
                None => Some(item),
                Some(held) => held.remove(&Name::of(&item)?),
            };
            if let Some(row) = row
                && wanted(&row)?
            {
                self.waiting.push_back((id, row));
            }
        }
        self.ended = batch.next.is_none();
        self.next = batch.next;
        Ok(())
    }
}

fn names(items: &[Item]) -> Result<Vec<Name>, Cause> {
    items.iter().map(Name::of).collect()
}

/// One page of a list.
pub(crate) struct Found {
    pub(crate) rows: Vec<Item>,
    pub(crate) next: Option<String>,
}

impl DynamoDb {
    /// Wanted rows of these ids, newest first: lanes of one stretch are read side by side, stretches, which
    /// come newest first, one after the other.
    pub(crate) async fn newest(
        &self,
        stretches: Vec<Vec<Lane>>,
        ids: &Ids,
        limit: usize,
        wanted: impl Fn(&Item) -> Result<bool, Cause> + Sync,
    ) -> Result<Found, Cause> {
        let mut found: Vec<(String, Item)> = Vec::new();
        let mut requests = 0;
        for lanes in stretches {
            let mut readers: Vec<_> = lanes.into_iter().map(|lane| Reader::new(lane, ids)).collect();
            loop {
                let dry: Vec<_> = readers.iter_mut().filter(|reader| reader.is_dry()).collect();
                requests += dry.len();
                let at_once = limit.saturating_add(1).clamp(25, 500);
                try_join_all(dry.into_iter().map(|reader| reader.refill(self, at_once, &wanted))).await?;
                // Below the frontier of a lane there may be rows that nobody has seen yet.
                let unread = readers.iter().filter(|reader| reader.is_dry());
                let frontier = unread.map(|reader| reader.frontier.clone()).max();
                let newest = readers.iter_mut().max_by(|left, right| left.newest().cmp(&right.newest()));
                let Some(reader) = newest
                    .filter(|reader| reader.newest().is_some() && reader.newest() >= frontier.as_deref())
                else {
                    match frontier {
                        None => break,
                        Some(next) if requests >= PATIENCE => return Ok(Found::new(found, Some(next))),
                        Some(_) => continue,
                    }
                };
                found.extend(reader.waiting.pop_front());
                if found.len() > limit {
                    found.truncate(limit);
                    let next = found.last().map(|(id, _)| id.clone());
                    return Ok(Found::new(found, next));
                }
            }
        }
        Ok(Found::new(found, None))
    }
}

impl Found {
    fn new(found: Vec<(String, Item)>, next: Option<String>) -> Self {
        Self { rows: found.into_iter().map(|(_, row)| row).collect(), next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_below_an_id_leaves_out_the_id_alone() {
        let id = "01hzzzzzzz0000000000000a10";

        let bound = last_before(id);

        assert!(*bound < *id);
        assert!(*"01hzzzzzzz0000000000000a0z" < *bound);
        assert!(*"01hzzzzzzz0000000000000a1" <= *bound);
    }
}
