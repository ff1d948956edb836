//! Answers to requests, until they expire.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use scheduler_core::domain::{Answer, Timestamp};

use crate::commit::{EXPIRES, UNANSWERED, answer_item};
use crate::error::Cause;
use crate::item::{body, n, time};
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
        let item = answer_item(answer)?;
        self.client.put_item().table_name(&self.options.table).set_item(Some(item)).send().await?;
        Ok(())
    }

    /// Stores an answer unless there is one; one that was stored by an attempt whose reply got lost is ours.
    pub(crate) async fn add_answer(&self, answer: &Answer, now: Timestamp) -> Result<bool, Cause> {
        let item = answer_item(answer)?;
        let added = self
            .client
            .put_item()
            .table_name(&self.options.table)
            .set_item(Some(item.clone()))
            .condition_expression(UNANSWERED)
            .expression_attribute_names("#expires", EXPIRES)
            .expression_attribute_values(":now", n(now.millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = added else { return Ok(true) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(refusal)) => Ok(refusal.item() == Some(&item)),
            _ => Err(error.into()),
        }
    }
}
