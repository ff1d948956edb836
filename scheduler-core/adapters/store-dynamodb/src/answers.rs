//! Answers to requests, until they expire.

use scheduler_core::domain::{Answer, Timestamp};

use crate::commit::{EXPIRES, answer_item};
use crate::error::Cause;
use crate::item::{body, time};
use crate::keys;
use crate::store::DynamoDb;

impl DynamoDb {
    pub(crate) async fn one_answer(&self, name: &str, now: Timestamp) -> Result<Option<Answer>, Cause> {
        let Some(item) = self.item(&keys::answer(name)).await? else { return Ok(None) };
        // DynamoDB deletes what has expired when it gets round to it.
        match now < time(&item, EXPIRES)? {
            true => body(&item, "answer").map(Some),
            false => Ok(None),
        }
    }

    pub(crate) async fn replace_answer(&self, answer: &Answer) -> Result<(), Cause> {
        let item = answer_item(&keys::answer(&answer.name), answer)?;
        self.client.put_item().table_name(&self.options.table).set_item(Some(item)).send().await?;
        Ok(())
    }
}
