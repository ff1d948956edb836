//! Imported records, in the order of their names.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::domain::{Entity, Imported, Item, Key, Tally, Timestamp};
use crate::ports::{ImportedQuery, Page, Place, StoreError};

#[derive(Default)]
pub(super) struct Imports(BTreeMap<Key, Entities>);

type Entities = BTreeMap<Entity, BTreeMap<Arc<str>, Kept>>;

struct Kept {
    hash: [u8; 32],
    row: Imported,
}

impl Imports {
    pub(super) fn get(&self, key: &Key, entity: &str, id: &str) -> Option<&Imported> {
        self.0.get(key)?.get(entity)?.get(id).map(|kept| &kept.row)
    }

    pub(super) fn write(&mut self, key: &Key, now: Timestamp, items: Vec<Item>) -> Tally {
        let entities = self.0.entry(key.clone()).or_default();
        let mut tally = Tally::default();
        for item in items {
            let known = entities.entry(Arc::clone(&item.entity)).or_default();
            match known.get_mut(&item.external_id) {
                Some(kept) if kept.hash == item.hash && !kept.row.gone => {
                    kept.row.seen_at = now;
                    kept.row.modified = item.modified;
                    tally.unchanged += 1;
                    continue;
                }
                Some(kept) if !kept.row.gone => tally.updated += 1,
                _ => tally.created += 1,
            }
            known.insert(Arc::clone(&item.external_id), Kept::new(item, now));
        }
        tally
    }

    pub(super) fn unseen(
        &self,
        key: &Key,
        entity: &str,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Vec<Imported> {
        let Some(known) = self.0.get(key).and_then(|entities| entities.get(entity)) else {
            return Vec::new();
        };
        known
            .range::<str, _>((after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded))
            .map(|(_, kept)| &kept.row)
            .filter(|row| !row.gone && row.seen_at < before)
            .take(limit)
            .cloned()
            .collect()
    }

    pub(super) fn mark_gone(&mut self, key: &Key, now: Timestamp, entity: &str, ids: &[Arc<str>]) -> u64 {
        let Some(known) = self.0.get_mut(key).and_then(|entities| entities.get_mut(entity)) else {
            return 0;
        };
        let mut marked = 0;
        for id in ids {
            if let Some(kept) = known.get_mut(id)
                && !kept.row.gone
            {
                kept.row.gone = true;
                kept.row.imported_at = now;
                marked += 1;
            }
        }
        marked
    }

    pub(super) fn page(&self, query: &ImportedQuery) -> Result<Page<Imported>, StoreError> {
        let place = query.cursor.as_deref().map(Place::read).transpose()?;
        let wanted = |row: &&Imported| {
            query.entity.as_ref().is_none_or(|entity| *entity == row.entity)
                && query.changed_since.is_none_or(|since| since <= row.imported_at)
        };
        let mut rows: Vec<_> = match self.0.get(&query.key) {
            Some(entities) => {
                after(entities, place.as_ref()).filter(wanted).take(query.limit.saturating_add(1)).collect()
            }
            None => Vec::new(),
        };
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        let next = rows.last().filter(|_| more).map(|row| Place::text(&row.entity, &row.external_id));
        Ok(Page { rows: rows.into_iter().cloned().collect(), next })
    }
}

impl Kept {
    fn new(item: Item, now: Timestamp) -> Self {
        let Item { entity, external_id, modified, hash, data } = item;
        let row =
            Imported { entity, external_id, modified, imported_at: now, seen_at: now, gone: false, data };
        Self { hash, row }
    }
}

fn after<'a>(entities: &'a Entities, place: Option<&'a Place>) -> impl Iterator<Item = &'a Imported> {
    let first = place.map_or(Bound::Unbounded, |place| Bound::Included(place.entity.as_str()));
    entities.range::<str, _>((first, Bound::Unbounded)).flat_map(move |(entity, known)| {
        let from = place.filter(|place| place.entity == **entity);
        let from = from.map_or(Bound::Unbounded, |place| Bound::Excluded(place.id.as_str()));
        known.range::<str, _>((from, Bound::Unbounded)).map(|(_, kept)| &kept.row)
    })
}
