//! Reading items and rows, and what is asked of records.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{self, StreamExt, TryStreamExt};
use scheduler_core::domain::{Key, Range, Record, Source, Tenant, Timestamp};

use crate::batch::SIDE_BY_SIDE;
use crate::error::Cause;
use crate::item::{Item, Name, PK, SK, body, n, optional_number, s, text, time};
use crate::keys;
use crate::store::DynamoDb;
use crate::table::{DUE, DUE_AT, DUE_SHARD};

/// Rows of one partition, of the table or of an index, in the order of their sort keys.
#[derive(Clone)]
pub(crate) struct Rows {
    index: Option<&'static str>,
    hash: (&'static str, String),
    range: (&'static str, AttributeValue, AttributeValue),
    backward: bool,
}

impl Rows {
    /// Rows of a partition whose sort keys lie between the two, those included.
    pub(crate) fn between(pk: impl Into<String>, low: &str, high: &str) -> Self {
        let hash = (PK, pk.into());
        Self { index: None, hash, range: (SK, least(low), s(high)), backward: false }
    }

    /// Rows of a partition whose sort keys begin so. What follows may be any text.
    pub(crate) fn beginning(pk: impl Into<String>, prefix: &str) -> Self {
        Self::between(pk, prefix, &format!("{prefix}\u{10ffff}\u{10ffff}"))
    }

    /// Rows of an index.
    pub(crate) fn of_index(
        index: &'static str,
        hash: (&'static str, String),
        range: (&'static str, AttributeValue, AttributeValue),
    ) -> Self {
        Self { index: Some(index), hash, range, backward: false }
    }

    /// The same rows, last first.
    pub(crate) fn backward(self) -> Self {
        Self { backward: true, ..self }
    }

    fn is_empty(&self) -> bool {
        match (&self.range.1, &self.range.2) {
            (AttributeValue::S(low), AttributeValue::S(high)) => low > high,
            (AttributeValue::N(low), AttributeValue::N(high)) => {
                low.parse::<i64>().ok() > high.parse::<i64>().ok()
            }
            _ => false,
        }
    }
}

/// A bound from which rows are: DynamoDB takes no empty text, and no sort key begins below a space.
pub(crate) fn least(low: &str) -> AttributeValue {
    s(if low.is_empty() { " " } else { low })
}

/// Some rows, and where to go on.
pub(crate) struct Batch {
    pub(crate) items: Vec<Item>,
    pub(crate) next: Option<Item>,
}

impl DynamoDb {
    /// Rows after `start`: at most `limit`, and no more than a megabyte.
    pub(crate) async fn rows(&self, rows: &Rows, start: Option<Item>, limit: usize) -> Result<Batch, Cause> {
        if rows.is_empty() || limit == 0 {
            return Ok(Batch { items: Vec::new(), next: None });
        }
        let (range, low, high) = &rows.range;
        let answer = self
            .client
            .query()
            .table_name(&self.options.table)
            .set_index_name(rows.index.map(str::to_owned))
            .consistent_read(rows.index.is_none())
            .key_condition_expression("#hash = :hash AND #range BETWEEN :low AND :high")
            .expression_attribute_names("#hash", rows.hash.0)
            .expression_attribute_names("#range", *range)
            .expression_attribute_values(":hash", s(&rows.hash.1))
            .expression_attribute_values(":low", low.clone())
            .expression_attribute_values(":high", high.clone())
            .scan_index_forward(!rows.backward)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await?;
        Ok(Batch { items: answer.items.unwrap_or_default(), next: answer.last_evaluated_key })
    }

    /// All rows, up to `limit`.
    pub(crate) async fn all_rows(&self, rows: &Rows, limit: usize) -> Result<Vec<Item>, Cause> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let batch = self.rows(rows, start, limit - items.len()).await?;
            items.extend(batch.items);
            start = batch.next;
            if start.is_none() || items.len() >= limit {
                return Ok(items);
            }
        }
    }

    /// One item, as it stands.
    pub(crate) async fn item(&self, name: &Name) -> Result<Option<Item>, Cause> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.options.table)
            .set_key(Some(name.item()))
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item)
    }

    pub(crate) async fn record(&self, key: &Key) -> Result<Option<Arc<Record>>, Cause> {
        self.item(&keys::record(key)).await?.as_ref().map(read_record).transpose()
    }

    /// Records that have a schedule.
    pub(crate) async fn scheduled(
        &self,
        source: &Source,
        after: Option<&Tenant>,
        limit: usize,
    ) -> Result<Vec<Arc<Record>>, Cause> {
        let prefix = format!("{source}#");
        let rows = Rows::beginning(keys::DIRECTORY, &prefix);
        let mut start =
            after.map(|tenant| Name { pk: keys::DIRECTORY.into(), sk: format!("{prefix}{tenant}") }.item());
        let mut found = Vec::new();
        while found.len() < limit {
            let (keys, next) = self.directory(&rows, start, limit - found.len()).await?;
            let mut items = self.items(keys.iter().map(keys::record).collect()).await?;
            for key in &keys {
                let record = items.remove(&keys::record(key)).as_ref().map(read_record).transpose()?;
                found.extend(record.filter(|record| record.schedule.is_some()));
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Some keys of the directory, which holds every key that ever had a record; and where to go on.
    pub(crate) async fn directory(
        &self,
        rows: &Rows,
        start: Option<Item>,
        limit: usize,
    ) -> Result<(Vec<Key>, Option<Item>), Cause> {
        let batch = self.rows(rows, start, limit).await?;
        let mut keys = Vec::with_capacity(batch.items.len());
        for item in &batch.items {
            keys.push(keys::read_owner(text(item, SK)?)?);
        }
        Ok((keys, batch.next))
    }

    /// What the index says is due, as far as it still is.
    ///
    /// The index may lag: each record is read as it stands, and judged by that.
    pub(crate) async fn due_records(&self, now: Timestamp, limit: usize) -> Result<Vec<Arc<Record>>, Cause> {
        let mut wanted = limit;
        loop {
            let candidates = self.due_candidates(now, wanted).await?;
            let complete = candidates.len() < wanted;
            let items = self.items(candidates).await?;
            let mut due = Vec::with_capacity(items.len());
            for item in items.values() {
                match optional_number(item, DUE_AT)?.map(Timestamp::from_millis) {
                    Some(due_at) if due_at <= now => due.push((due_at, read_record(item)?)),
                    _ => {}
                }
            }
            // A whole page of stale rows must not hide what is due behind it.
            if !due.is_empty() || complete {
                due.sort_by(|left, right| (left.0, &left.1.key).cmp(&(right.0, &right.1.key)));
                return Ok(due.into_iter().map(|(_, record)| record).collect());
            }
            wanted = wanted.saturating_mul(2);
        }
    }

    /// The names of the earliest records that the index says are due.
    async fn due_candidates(&self, now: Timestamp, limit: usize) -> Result<Vec<Name>, Cause> {
        let shards: Vec<Vec<Item>> = stream::iter(0..keys::DUE_SHARDS)
            .map(|shard| async move { self.all_rows(&due_rows(shard, Timestamp::MIN, now), limit).await })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        let found = shards.iter().flatten().map(|item| Ok((time(item, DUE_AT)?, Name::of(item)?)));
        let mut found = found.collect::<Result<Vec<_>, Cause>>()?;
        found.sort_unstable();
        found.truncate(limit);
        Ok(found.into_iter().map(|(_, name)| name).collect())
    }

    pub(crate) async fn earliest_due(&self, after: Option<Timestamp>) -> Result<Option<Timestamp>, Cause> {
        let from = after.map_or(Timestamp::MIN, |after| Timestamp::from_millis(after.millis() + 1));
        let rows = |shard| due_rows(shard, from, Timestamp::MAX);
        let first: Vec<Batch> = stream::iter(0..keys::DUE_SHARDS)
            .map(|shard| async move { self.rows(&rows(shard), None, 1).await })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        let instants = first.iter().flat_map(|batch| &batch.items).map(|item| time(item, DUE_AT));
        Ok(instants.collect::<Result<Vec<_>, _>>()?.into_iter().min().filter(|next| after < Some(*next)))
    }

    /// Ranges that touch the window. They follow each other without overlapping, so that the walk back
    /// from the window's end is over at the first one that lies before it.
    pub(crate) async fn ranges(
        &self,
        key: &Key,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Range>, Cause> {
        let before = Timestamp::from_millis(until.millis() - 1);
        let rows = Rows::between(
            keys::partition(key),
            &keys::range_from(Timestamp::MIN),
            &keys::range_from(if until == Timestamp::MIN { return Ok(Vec::new()) } else { before }),
        )
        .backward();
        let (mut found, mut start) = (Vec::new(), None);
        'walk: loop {
            let batch = self.rows(&rows, start, 1000).await?;
            for item in &batch.items {
                let range: Range = body(item, "range")?;
                if range.last < since {
                    break 'walk;
                }
                found.push(range);
            }
            start = batch.next;
            if start.is_none() {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }
}

fn due_rows(shard: u8, from: Timestamp, through: Timestamp) -> Rows {
    let range = (DUE_AT, n(from.millis()), n(through.millis()));
    Rows::of_index(DUE, (DUE_SHARD, keys::due_shard(shard)), range)
}

pub(crate) fn read_record(item: &Item) -> Result<Arc<Record>, Cause> {
    body(item, "record").map(Arc::new)
}
