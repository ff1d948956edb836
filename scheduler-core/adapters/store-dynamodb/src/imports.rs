//! Imported records. The head of each, which every sight writes anew, lies apart from its content.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason, TransactWriteItem};
use scheduler_core::domain::{Entity, Imported, Item as Arriving, Key, Tally, Timestamp};
use scheduler_core::ports::{ImportedQuery, Page, Place, StoreError};
use serde_json::value::RawValue;

use crate::batch::TRIES;
use crate::commit::{AT_ONCE, Tried};
use crate::error::Cause;
use crate::item::{Item, Name, n, number, optional_number, put, s, text, time};
use crate::keys;
use crate::reads::Rows;
use crate::store::DynamoDb;

/// Bytes of content in one item: DynamoDB takes 400 KB, names included.
const PART: usize = 380_000;
/// Bytes in one transaction: DynamoDB takes 4 MB.
const WEIGHT: usize = 3_600_000;
/// What a head weighs at the most.
const HEAD_WEIGHT: usize = 8_000;

const ENTITY: &str = "entity";
const ID: &str = "id";
const HASH: &str = "hash";
const MODIFIED: &str = "modified";
const IMPORTED_AT: &str = "imported_at";
const SEEN_AT: &str = "seen_at";
const GONE: &str = "gone";
/// How many items hold the content.
const PARTS: &str = "parts";
const DATA: &str = "data";

/// What is known of an imported record beside its content.
#[derive(Clone)]
struct Head {
    entity: Entity,
    id: Arc<str>,
    hash: Vec<u8>,
    modified: Option<Timestamp>,
    imported_at: Timestamp,
    seen_at: Timestamp,
    gone: bool,
    parts: usize,
}

impl Head {
    fn name(&self, key: &Key) -> Name {
        keys::head(key, &self.entity, &self.id)
    }

    fn item(&self, key: &Key) -> Item {
        let mut item = self.name(key).item();
        put(&mut item, ENTITY, s(&*self.entity));
        put(&mut item, ID, s(&*self.id));
        put(&mut item, HASH, AttributeValue::B(Blob::new(self.hash.clone())));
        if let Some(modified) = self.modified {
            put(&mut item, MODIFIED, n(modified.millis()));
        }
        put(&mut item, IMPORTED_AT, n(self.imported_at.millis()));
        put(&mut item, SEEN_AT, n(self.seen_at.millis()));
        put(&mut item, GONE, AttributeValue::Bool(self.gone));
        put(&mut item, PARTS, n(self.parts));
        item
    }

    fn read(item: &Item) -> Result<Self, Cause> {
        let (Some(AttributeValue::B(hash)), Some(AttributeValue::Bool(gone))) =
            (item.get(HASH), item.get(GONE))
        else {
            return Err(Cause::Unreadable("imported record"));
        };
        Ok(Self {
            entity: text(item, ENTITY)?.into(),
            id: text(item, ID)?.into(),
            hash: hash.as_ref().to_vec(),
            modified: optional_number(item, MODIFIED)?.map(Timestamp::from_millis),
            imported_at: time(item, IMPORTED_AT)?,
            seen_at: time(item, SEEN_AT)?,
            gone: *gone,
            parts: number(item, PARTS)?,
        })
    }

    fn contents(&self, key: &Key) -> Vec<Name> {
        (0..self.parts).map(|part| keys::content(key, &self.entity, &self.id, part)).collect()
    }
}

/// What is to be written of one record.
struct Arrival {
    head: Head,
    /// Its content, where that is new.
    data: Option<Box<RawValue>>,
    /// Parts of a longer content that was there before.
    left_over: Vec<Name>,
}

impl DynamoDb {
    pub(crate) async fn import_all(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        items: Vec<Arriving>,
    ) -> Result<Tally, Cause> {
        if items.is_empty() {
            return self.leased(key, fence).await.map(|()| Tally::default());
        }
        let names = items.iter().map(|item| keys::head(key, &item.entity, &item.external_id)).collect();
        let known = self.items(names).await?;
        let (arrivals, tally) = sort_out(key, now, items, &known)?;
        let mut writes = Vec::with_capacity(arrivals.len());
        for arrival in arrivals {
            writes.push(self.arrival(key, arrival)?);
        }
        self.write_while_leased(key, fence, writes).await?;
        Ok(tally)
    }

    /// The writes that make one record, and what they weigh.
    fn arrival(&self, key: &Key, arrival: Arrival) -> Result<(Vec<TransactWriteItem>, usize), Cause> {
        let Arrival { head, data, left_over } = arrival;
        let mut weight = HEAD_WEIGHT;
        let mut writes = vec![self.written(&head.name(key), Some(&head.item(key)))?];
        if let Some(data) = &data {
            weight += data.get().len();
            for (name, part) in head.contents(key).iter().zip(parts(data.get())) {
                let mut item = name.item();
                put(&mut item, DATA, s(part));
                writes.push(self.written(name, Some(&item))?);
            }
        }
        for name in &left_over {
            writes.push(self.written(name, None)?);
        }
        Ok((writes, weight))
    }

    pub(crate) async fn mark_all_gone(
        &self,
        key: &Key,
        fence: u64,
        now: Timestamp,
        entity: &Entity,
        ids: &[Arc<str>],
    ) -> Result<u64, Cause> {
        let names = ids.iter().map(|id| keys::head(key, entity, id)).collect();
        let mut writes = Vec::new();
        for item in self.items(names).await?.values() {
            let head = Head::read(item)?;
            if !head.gone {
                let gone = Head { gone: true, imported_at: now, ..head };
                writes.push((vec![self.written(&gone.name(key), Some(&gone.item(key)))?], HEAD_WEIGHT));
            }
        }
        let marked = writes.len() as u64;
        if writes.is_empty() {
            self.leased(key, fence).await?;
        }
        self.write_while_leased(key, fence, writes).await?;
        Ok(marked)
    }

    async fn leased(&self, key: &Key, fence: u64) -> Result<(), Cause> {
        let record = self.record(key).await?;
        let lease = record.as_ref().and_then(|record| record.schedule.as_ref()?.run.as_ref());
        match lease.is_some_and(|lease| lease.fence == fence) {
            true => Ok(()),
            false => Err(StoreError::LeaseLost.into()),
        }
    }

    /// Makes groups of writes, each whole, in as few transactions as DynamoDB allows; each of these makes
    /// sure of the lease.
    async fn write_while_leased(
        &self,
        key: &Key,
        fence: u64,
        groups: Vec<(Vec<TransactWriteItem>, usize)>,
    ) -> Result<(), Cause> {
        let (mut batch, mut weight) = (Vec::new(), 0);
        for (writes, more) in groups {
            let full = batch.len() + writes.len() >= AT_ONCE || weight + more > WEIGHT;
            if full && !batch.is_empty() {
                self.write_batch(key, fence, std::mem::take(&mut batch)).await?;
                weight = 0;
            }
            batch.extend(writes);
            weight += more;
        }
        match batch.is_empty() {
            true => Ok(()),
            false => self.write_batch(key, fence, batch).await,
        }
    }

    async fn write_batch(&self, key: &Key, fence: u64, writes: Vec<TransactWriteItem>) -> Result<(), Cause> {
        let mut items = vec![self.while_leased(key, fence)?];
        items.extend(writes);
        for attempt in 0..TRIES {
            let refused = |_: &[CancellationReason]| Tried::Refused;
            match self.transact(items.clone(), refused).await? {
                Tried::Made => return Ok(()),
                Tried::Refused | Tried::Answered => return Err(StoreError::LeaseLost.into()),
                Tried::Busy => self.pause(attempt).await,
            }
        }
        Err(Cause::Busy)
    }

    pub(crate) async fn unseen_before(
        &self,
        key: &Key,
        entity: &Entity,
        before: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Imported>, Cause> {
        let rows = Rows::beginning(keys::partition(key), &keys::heads(entity));
        let start = after.map(|id| keys::head(key, entity, id));
        let unseen = |head: &Head| !head.gone && head.seen_at < before;
        let (heads, _) = self.heads(&rows, start, limit, usize::MAX, unseen).await?;
        self.with_contents(key, heads).await
    }

    pub(crate) async fn list_imported(&self, query: &ImportedQuery) -> Result<Page<Imported>, Cause> {
        let place = query.cursor.as_deref().map(Place::read).transpose()?;
        let prefix =
            query.entity.as_ref().map_or_else(|| keys::HEAD.to_owned(), |entity| keys::heads(entity));
        let mut start = place.map(|place| keys::head(&query.key, &place.entity, &place.id));
        if let Some(name) = start.as_ref().filter(|name| !name.sk.starts_with(&prefix)) {
            // A place in another kind: all of the wanted one lies after it, or none.
            if *name.sk > *prefix {
                return Ok(Page { rows: Vec::new(), next: None });
            }
            start = None;
        }
        let rows = Rows::beginning(keys::partition(&query.key), &prefix);
        let wanted = |head: &Head| query.changed_since.is_none_or(|since| since <= head.imported_at);
        let (mut heads, mut end) =
            self.heads(&rows, start, query.limit.saturating_add(1), PATIENCE, wanted).await?;
        if heads.len() > query.limit {
            heads.truncate(query.limit);
            end = heads.last().map(|head| Place::text(&head.entity, &head.id));
        }
        Ok(Page { rows: self.with_contents(&query.key, heads).await?, next: end })
    }

    /// Wanted heads, up to `limit`; and where to go on, when patience was over before the rows were.
    async fn heads(
        &self,
        rows: &Rows,
        start: Option<Name>,
        limit: usize,
        patience: usize,
        wanted: impl Fn(&Head) -> bool,
    ) -> Result<(Vec<Head>, Option<String>), Cause> {
        let (mut found, mut start, mut requests) = (Vec::new(), start.map(|name| name.item()), 0);
        loop {
            let batch = self.rows(rows, start, limit.clamp(100, 2000)).await?;
            let mut last = None;
            for item in &batch.items {
                let head = Head::read(item)?;
                last = Some(Place::text(&head.entity, &head.id));
                if wanted(&head) {
                    found.push(head);
                }
                if found.len() >= limit {
                    return Ok((found, None));
                }
            }
            start = batch.next;
            requests += 1;
            if start.is_none() {
                return Ok((found, None));
            }
            if requests >= patience && last.is_some() {
                return Ok((found, last));
            }
        }
    }

    pub(crate) async fn one_imported(
        &self,
        key: &Key,
        entity: &str,
        id: &str,
    ) -> Result<Option<Imported>, Cause> {
        let (name, first) = (keys::head(key, entity, id), keys::content(key, entity, id, 0));
        let mut items = self.items(vec![name.clone(), first]).await?;
        let Some(item) = items.remove(&name) else { return Ok(None) };
        let head = Head::read(&item)?;
        if head.parts > 1 {
            items = self.items(head.contents(key)).await?;
        }
        whole(key, head, &mut items).map(Some)
    }

    async fn with_contents(&self, key: &Key, heads: Vec<Head>) -> Result<Vec<Imported>, Cause> {
        let names = heads.iter().flat_map(|head| head.contents(key)).collect();
        let mut items = self.items(names).await?;
        heads.into_iter().map(|head| whole(key, head, &mut items)).collect()
    }
}

/// Requests after which a page ends, full or not.
const PATIENCE: usize = 100;

/// What each item does to what is known; of those of one name the last one stands.
fn sort_out(
    key: &Key,
    now: Timestamp,
    items: Vec<Arriving>,
    known: &HashMap<Name, Item>,
) -> Result<(Vec<Arrival>, Tally), Cause> {
    let (mut arrivals, mut places, mut tally) =
        (Vec::<Arrival>::new(), HashMap::<Name, usize>::new(), Tally::default());
    for item in items {
        let name = keys::head(key, &item.entity, &item.external_id);
        let place = places.get(&name).copied();
        let before = match place {
            Some(place) => Some(arrivals[place].head.clone()),
            None => known.get(&name).map(Head::read).transpose()?,
        };
        let same = before.as_ref().filter(|head| !head.gone && *head.hash == item.hash);
        let arrival = match same {
            Some(head) => {
                tally.unchanged += 1;
                let head = Head { seen_at: now, modified: item.modified, ..head.clone() };
                let data = place.and_then(|place| arrivals[place].data.take());
                Arrival { head, data, left_over: Vec::new() }
            }
            None => {
                match &before {
                    Some(head) if !head.gone => tally.updated += 1,
                    _ => tally.created += 1,
                }
                fresh(item, now)
            }
        };
        match place {
            Some(place) => arrivals[place] = arrival,
            None => {
                places.insert(name, arrivals.len());
                arrivals.push(arrival);
            }
        }
    }
    for arrival in &mut arrivals {
        if let Some(item) = known.get(&arrival.head.name(key)) {
            let before = Head::read(item)?;
            arrival.left_over = before.contents(key).split_off(arrival.head.parts.min(before.parts));
        }
    }
    Ok((arrivals, tally))
}

fn fresh(item: Arriving, now: Timestamp) -> Arrival {
    let Arriving { entity, external_id, modified, hash, data } = item;
    let parts = parts(data.get()).count();
    let (imported_at, seen_at) = (now, now);
    let head = Head {
        entity,
        id: external_id,
        hash: hash.into(),
        modified,
        imported_at,
        seen_at,
        gone: false,
        parts,
    };
    Arrival { head, data: Some(data), left_over: Vec::new() }
}

/// A content in parts that fit into items; at least one.
fn parts(data: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let data = rest?;
        let (part, more) = data.split_at(data.floor_char_boundary(PART));
        rest = Some(more).filter(|more| !more.is_empty());
        Some(part)
    })
}

fn whole(key: &Key, head: Head, items: &mut HashMap<Name, Item>) -> Result<Imported, Cause> {
    let mut content = String::new();
    for name in head.contents(key) {
        let item = items.get(&name).ok_or(Cause::Unreadable("imported record"))?;
        content.push_str(text(item, DATA)?);
    }
    let Head { entity, id, modified, imported_at, seen_at, gone, .. } = head;
    let data = RawValue::from_string(content).map_err(|_| Cause::Unreadable("imported record"))?;
    Ok(Imported { entity, external_id: id, modified, imported_at, seen_at, gone, data })
}
