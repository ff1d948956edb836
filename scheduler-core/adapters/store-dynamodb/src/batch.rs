//! Many items at once, and waiting.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::config::AsyncSleep;
use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, WriteRequest};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::Cause;
use crate::item::{Item, Name};
use crate::store::DynamoDb;

/// Items that DynamoDB gives, and takes, at once.
const READ_AT_ONCE: usize = 100;
const WRITTEN_AT_ONCE: usize = 25;

/// Requests of one call that are under way side by side.
pub(crate) const SIDE_BY_SIDE: usize = 16;

/// How often something that others keep busy is tried.
pub(crate) const TRIES: u32 = 12;
const FIRST_WAIT: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

impl DynamoDb {
    /// The items of these names, as they stand. Names without an item have none.
    pub(crate) async fn items(&self, mut names: Vec<Name>) -> Result<HashMap<Name, Item>, Cause> {
        names.sort_unstable();
        names.dedup();
        let chunks: Vec<_> = names.chunks(READ_AT_ONCE).map(<[Name]>::to_vec).collect();
        let found: Vec<Vec<Item>> = stream::iter(chunks)
            .map(|chunk| self.some_items(chunk))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        found.into_iter().flatten().map(|item| Ok((Name::of(&item)?, item))).collect()
    }

    async fn some_items(&self, names: Vec<Name>) -> Result<Vec<Item>, Cause> {
        let mut wanted = KeysAndAttributes::builder()
            .consistent_read(true)
            .set_keys(Some(names.iter().map(Name::item).collect()))
            .build()?;
        let mut found = Vec::with_capacity(names.len());
        for attempt in 0..TRIES {
            let answer =
                self.client.batch_get_item().request_items(&self.options.table, wanted).send().await?;
            found.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            // A page is full at 16 MB: the rest is asked for again.
            match answer.unprocessed_keys.into_iter().flatten().next() {
                None => return Ok(found),
                Some((_, rest)) => wanted = rest,
            }
            self.pause(attempt).await;
        }
        Err(Cause::Busy)
    }

    /// Deletes the items of these names.
    pub(crate) async fn delete(&self, names: Vec<Name>) -> Result<(), Cause> {
        let chunks: Vec<_> = names.chunks(WRITTEN_AT_ONCE).map(<[Name]>::to_vec).collect();
        stream::iter(chunks)
            .map(|chunk| self.delete_some(chunk))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await
    }

    async fn delete_some(&self, names: Vec<Name>) -> Result<(), Cause> {
        let deletion = |name: &Name| {
            let request = DeleteRequest::builder().set_key(Some(name.item())).build()?;
            Ok(WriteRequest::builder().delete_request(request).build())
        };
        let mut wanted = names.iter().map(deletion).collect::<Result<Vec<_>, Cause>>()?;
        for attempt in 0..TRIES {
            let answer =
                self.client.batch_write_item().request_items(&self.options.table, wanted).send().await?;
            match answer.unprocessed_items.into_iter().flatten().next() {
                None => return Ok(()),
                Some((_, rest)) => wanted = rest,
            }
            self.pause(attempt).await;
        }
        Err(Cause::Busy)
    }

    /// Waits before something is tried again: longer each time, and never as long as others do.
    pub(crate) async fn pause(&self, attempt: u32) {
        let longest = FIRST_WAIT.saturating_mul(1 << attempt.min(16)).min(LONGEST_WAIT);
        let part = f64::from(u32::from_be_bytes(random())) / f64::from(u32::MAX);
        if let Some(sleep) = self.client.config().sleep_impl() {
            sleep.sleep(longest.mul_f64(part)).await;
        }
    }
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
