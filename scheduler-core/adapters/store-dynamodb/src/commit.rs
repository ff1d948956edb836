//! Changes, each made whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};
use futures::stream::{self, StreamExt, TryStreamExt};
use scheduler_core::domain::{Answer, AuditEntry, Change, Key, Range, Record, Run, Timestamp, Write};
use scheduler_core::ports::Commit;

use crate::batch::{SIDE_BY_SIDE, TRIES, random};
use crate::error::Cause;
use crate::item::{Item, Name, expire, json, n, number, put, s, text};
use crate::keys;
use crate::store::DynamoDb;
use crate::table::{DUE_AT, DUE_SHARD, OWNER};

/// Items that one transaction may write.
pub(crate) const AT_ONCE: usize = 100;

/// The version of a record, which a change compares.
const VERSION: &str = "version";
/// Names the attempt that wrote a record, so that a writer whose answer got lost knows its own work.
const TOKEN: &str = "token";
/// The fencing number of the lease, while a run is in flight.
const LEASE: &str = "lease";
/// Counts commits.
const COUNT: &str = "count";

/// What became of one attempt to write.
pub(crate) enum Tried {
    Made,
    /// The condition on the first item does not hold.
    Refused,
    /// The condition on another item does not hold.
    Answered,
    /// Someone else is at one of the items: it may be tried again.
    Busy,
}

impl DynamoDb {
    pub(crate) async fn commit_all(&self, changes: Vec<Change>) -> Result<Vec<Commit>, Cause> {
        let mut told = vec![Commit::Conflict; changes.len()];
        let mut by_key: HashMap<Key, Vec<(usize, Change)>> = HashMap::new();
        for (place, change) in changes.into_iter().enumerate() {
            by_key.entry(change.next.key.clone()).or_default().push((place, change));
        }
        let steps: Vec<Vec<(usize, Commit)>> = stream::iter(by_key.into_values())
            .map(|steps| self.make_in_order(steps))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        for (place, commit) in steps.into_iter().flatten() {
            told[place] = commit;
        }
        let done = told.iter_mut().filter_map(|commit| match commit {
            Commit::Done(version) => Some(version),
            Commit::Conflict | Commit::Answered => None,
        });
        let done: Vec<_> = done.collect();
        if !done.is_empty() {
            let count = done.len() as u64;
            let before = self.add(keys::version(), count).await? - count;
            for (version, place) in done.into_iter().zip(1..) {
                *version = before + place;
            }
        }
        Ok(told)
    }

    /// Makes the changes of one record, and says what became of each. Versions are told later.
    async fn make_in_order(&self, steps: Vec<(usize, Change)>) -> Result<Vec<(usize, Commit)>, Cause> {
        let mut told = Vec::with_capacity(steps.len());
        for (place, change) in steps {
            told.push((place, self.make(change).await?));
        }
        Ok(told)
    }

    async fn make(&self, change: Change) -> Result<Commit, Cause> {
        let writing = Writing::new(self, &change)?;
        self.know_stretches(&change.writes).await?;
        for attempt in 0..TRIES {
            let tried = match writing.others.is_empty() && writing.answers.is_empty() {
                true => self.put_record(&writing).await?,
                false => self.put_all(&writing).await?,
            };
            match tried {
                Tried::Made => return Ok(Commit::Done(0)),
                Tried::Refused => return Ok(Commit::Conflict),
                Tried::Answered => return Ok(Commit::Answered),
                Tried::Busy => self.pause(attempt).await,
            }
        }
        Err(Cause::Busy)
    }

    async fn put_record(&self, writing: &Writing) -> Result<Tried, Cause> {
        let (condition, value) = expecting(writing.expected);
        let mut request = self
            .client
            .put_item()
            .table_name(&self.options.table)
            .set_item(Some(writing.record.clone()))
            .condition_expression(condition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(value) = value {
            request = request.expression_attribute_values(":expected", value);
        }
        let Err(error) = request.send().await else { return Ok(Tried::Made) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(writing.refused(refusal.item()))
            }
            _ if error.code() == Some("TransactionConflictException") => Ok(Tried::Busy),
            _ => Err(error.into()),
        }
    }

    async fn put_all(&self, writing: &Writing) -> Result<Tried, Cause> {
        let (condition, value) = expecting(writing.expected);
        let record = Put::builder()
            .table_name(&self.options.table)
            .set_item(Some(writing.record.clone()))
            .condition_expression(condition)
            .set_expression_attribute_values(
                value.map(|value| HashMap::from([(":expected".to_owned(), value)])),
            )
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        let mut items = vec![TransactWriteItem::builder().put(record).build()];
        for (item, now) in &writing.answers {
            let answer = Put::builder()
                .table_name(&self.options.table)
                .set_item(Some(item.clone()))
                .condition_expression(UNANSWERED)
                .expression_attribute_names("#expires", EXPIRES)
                .expression_attribute_values(":now", n(now.millis()))
                .build()?;
            items.push(TransactWriteItem::builder().put(answer).build());
        }
        for (name, item) in &writing.others {
            items.push(self.written(name, item.as_ref())?);
        }
        let refused = |reasons: &[CancellationReason]| match reasons.first() {
            Some(first) if is(first, &["ConditionalCheckFailed"]) => writing.refused(first.item()),
            _ => Tried::Answered,
        };
        self.transact(items, refused).await
    }

    /// The upsert of an item in a transaction, or its removal.
    pub(crate) fn written(&self, name: &Name, item: Option<&Item>) -> Result<TransactWriteItem, Cause> {
        let table = &self.options.table;
        let write = TransactWriteItem::builder();
        Ok(match item {
            Some(item) => write.put(Put::builder().table_name(table).set_item(Some(item.clone())).build()?),
            None => write.delete(Delete::builder().table_name(table).set_key(Some(name.item())).build()?),
        }
        .build())
    }

    /// What makes a transaction fail once `fence` does not hold the lease.
    pub(crate) fn while_leased(&self, key: &Key, fence: u64) -> Result<TransactWriteItem, Cause> {
        let check = ConditionCheck::builder()
            .table_name(&self.options.table)
            .set_key(Some(keys::record(key).item()))
            .condition_expression("#lease = :fence")
            .expression_attribute_names("#lease", LEASE)
            .expression_attribute_values(":fence", n(fence))
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Sends a transaction; `refused` judges when a condition does not hold.
    pub(crate) async fn transact(
        &self,
        items: Vec<TransactWriteItem>,
        refused: impl FnOnce(&[CancellationReason]) -> Tried,
    ) -> Result<Tried, Cause> {
        if items.len() > AT_ONCE {
            return Err(Cause::Unwritable("change of so many things"));
        }
        let sent = self.client.transact_write_items().set_transact_items(Some(items)).send().await;
        let Err(error) = sent else { return Ok(Tried::Made) };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                cancelled.cancellation_reasons()
            }
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => return Ok(Tried::Busy),
            _ => return Err(error.into()),
        };
        let any = |codes: &[&str]| reasons.iter().any(|reason| is(reason, codes));
        if any(&["ConditionalCheckFailed"]) {
            return Ok(refused(reasons));
        }
        match any(&["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]) {
            true => Ok(Tried::Busy),
            false => Err(cancelled(reasons)),
        }
    }

    /// Enters the stretches of time of what is written, so that lists know where to look.
    async fn know_stretches(&self, writes: &[Write]) -> Result<(), Cause> {
        let stretches = writes.iter().filter_map(|write| match write {
            Write::Run(run) => Some(keys::run_stretch(&run.run_id)),
            Write::Audit(entry) => Some(keys::audit_stretch(&entry.key.source, &entry.id)),
            _ => None,
        });
        for name in stretches {
            let known = |known: &Name| *known == name;
            if self.stretches.lock().unwrap_or_else(PoisonError::into_inner).iter().any(known) {
                continue;
            }
            self.client.put_item().table_name(&self.options.table).set_item(Some(name.item())).send().await?;
            let mut stretches = self.stretches.lock().unwrap_or_else(PoisonError::into_inner);
            stretches.truncate(15);
            stretches.insert(0, name);
        }
        Ok(())
    }

    /// Adds to a counter, and gives what it is then.
    pub(crate) async fn add(&self, name: Name, count: u64) -> Result<u64, Cause> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.options.table)
            .set_key(Some(name.item()))
            .update_expression("ADD #count :count")
            .expression_attribute_names("#count", COUNT)
            .expression_attribute_values(":count", n(count))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await?;
        number(&answer.attributes.unwrap_or_default(), COUNT)
    }

    /// Reads a counter.
    pub(crate) async fn counted(&self, name: Name) -> Result<u64, Cause> {
        self.item(&name).await?.map_or(Ok(0), |item| number(&item, COUNT))
    }
}

/// The condition that the record is at the version that was read.
fn expecting(version: u64) -> (&'static str, Option<AttributeValue>) {
    match version {
        0 => ("attribute_not_exists(pk)", None),
        version => ("version = :expected", Some(n(version))),
    }
}

fn is(reason: &CancellationReason, codes: &[&str]) -> bool {
    reason.code().is_some_and(|code| codes.contains(&code))
}

fn cancelled(reasons: &[CancellationReason]) -> Cause {
    let code = reasons.iter().find_map(|reason| reason.code().filter(|code| *code != "None"));
    Cause::Service(format!("a transaction was cancelled: {}", code.unwrap_or("no reason given")))
}

/// A change as items.
struct Writing {
    expected: u64,
    token: String,
    record: Item,
    /// Answers, each with the instant by which an earlier one must have expired.
    answers: Vec<(Item, Timestamp)>,
    /// What else is written with the record; none where something is removed.
    others: BTreeMap<Name, Option<Item>>,
}

impl Writing {
    fn new(store: &DynamoDb, change: &Change) -> Result<Self, Cause> {
        let token = keys::hex(&random::<16>());
        let mut writing = Self {
            expected: change.expected,
            record: record(change, &token)?,
            token,
            answers: Vec::new(),
            others: BTreeMap::new(),
        };
        let key = &change.next.key;
        if change.expected == 0 {
            writing.put(keys::directory(key), |name| Ok(name.item()))?;
        }
        for write in &change.writes {
            writing.write(store, key, write)?;
        }
        Ok(writing)
    }

    fn write(&mut self, store: &DynamoDb, key: &Key, write: &Write) -> Result<(), Cause> {
        match write {
            Write::Run(run) => self.run(store, run),
            Write::Occurrences(range) => self.range(store, key, range),
            Write::Audit(entry) => self.entry(entry),
            Write::Answer { answer, now } => {
                self.answers.push((answer_item(answer)?, *now));
                Ok(())
            }
            Write::Connection(sealed) => {
                let name = keys::connection(key);
                match sealed {
                    Some(sealed) => self.put(name, |name| name.holding(sealed, "connection")),
                    None => self.remove(name),
                }
            }
            Write::Token(token) => self.put(keys::token(&token.id), |name| name.holding(token, "token")),
            Write::RevokeToken(id) => self.remove(keys::token(id)),
        }
    }

    fn run(&mut self, store: &DynamoDb, run: &Run) -> Result<(), Cause> {
        let expiry = run.finished.map(|finished| finished + store.options.retention);
        let expiring = |mut item: Item| {
            if let Some(expiry) = expiry {
                expire(&mut item, expiry);
            }
            item
        };
        let logged = !run.log.is_empty();
        self.put(keys::run(&run.run_id), |name| {
            // The log lies beside the rest, which lists do without.
            let mut item = name.holding(&Run { log: Vec::new(), ..run.clone() }, "run")?;
            put(&mut item, OWNER, s(keys::owner(&run.key)));
            if logged {
                put(&mut item, LOGGED, AttributeValue::Bool(true));
            }
            Ok(expiring(item))
        })?;
        match logged {
            true => self.put(keys::run_log(&run.run_id), |name| Ok(expiring(name.holding(&run.log, "run")?))),
            false => Ok(()),
        }
    }

    fn range(&mut self, store: &DynamoDb, key: &Key, range: &Range) -> Result<(), Cause> {
        self.put(keys::range(key, range.first), |name| {
            let mut item = name.holding(range, "range")?;
            expire(&mut item, range.last + store.options.retention);
            Ok(item)
        })
    }

    /// An entry lies in its chain; two pointers let lists find it.
    fn entry(&mut self, entry: &AuditEntry) -> Result<(), Cause> {
        self.put(keys::chain_entry(&entry.key, entry.seq), |name| name.holding(entry, "audit entry"))?;
        for name in [keys::own_entry(&entry.key, &entry.id), keys::listed_entry(&entry.key, &entry.id)] {
            self.put(name, |name| {
                let mut item = name.item();
                put(&mut item, OWNER_OF_ENTRY, s(keys::owner(&entry.key)));
                put(&mut item, SEQ, n(entry.seq));
                put(&mut item, OPERATION, s(entry.operation.as_str()));
                put(&mut item, ACTOR, s(&*entry.actor));
                Ok(item)
            })?;
        }
        Ok(())
    }

    /// Of two writes of one item the later one stands: a transaction takes no two.
    fn put(&mut self, name: Name, item: impl FnOnce(&Name) -> Result<Item, Cause>) -> Result<(), Cause> {
        let item = item(&name)?;
        self.others.insert(name, Some(item));
        Ok(())
    }

    fn remove(&mut self, name: Name) -> Result<(), Cause> {
        self.others.insert(name, None);
        Ok(())
    }

    /// Whether a refusal, which brought the record as it stands, only says that this was made before.
    fn refused(&self, stands: Option<&Item>) -> Tried {
        match stands.map(|stands| text(stands, TOKEN)) {
            Some(Ok(token)) if *token == *self.token => Tried::Made,
            _ => Tried::Refused,
        }
    }
}

/// Whether a run's log lies beside it.
pub(crate) const LOGGED: &str = "logged";
/// What a pointer says of an audit entry.
pub(crate) const OWNER_OF_ENTRY: &str = "of";
pub(crate) const SEQ: &str = "seq";
pub(crate) const OPERATION: &str = "operation";
pub(crate) const ACTOR: &str = "actor";

fn record(change: &Change, token: &str) -> Result<Item, Cause> {
    let record: &Record = &change.next;
    let mut item = keys::record(&record.key).item();
    put(&mut item, crate::item::BODY, s(json(record, "record")?));
    put(&mut item, VERSION, n(record.version));
    put(&mut item, TOKEN, s(token));
    if let Some(due_at) = change.due_at {
        put(&mut item, DUE_SHARD, s(keys::due_shard_of(&record.key)));
        put(&mut item, DUE_AT, n(due_at.millis()));
    }
    if let Some(lease) = record.schedule.as_ref().and_then(|schedule| schedule.run.as_ref()) {
        put(&mut item, LEASE, n(lease.fence));
    }
    Ok(item)
}

pub(crate) fn answer_item(answer: &Answer) -> Result<Item, Cause> {
    let mut item = keys::answer(&answer.name).holding(answer, "answer")?;
    put(&mut item, EXPIRES, n(answer.expires.millis()));
    expire(&mut item, answer.expires);
    Ok(item)
}

/// The condition that a request was not answered yet, or that its answer has expired.
pub(crate) const UNANSWERED: &str = "attribute_not_exists(pk) OR #expires <= :now";
/// When an answer expires, to the millisecond.
pub(crate) const EXPIRES: &str = "expires";
