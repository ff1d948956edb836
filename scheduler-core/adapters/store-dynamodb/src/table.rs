//! The table and its indexes.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use scheduler_core::ports::StoreError;

use crate::error::Cause;
use crate::item::{EXPIRES_AT, PK, SK};

/// Records that want attention, by the instant at which they do.
pub(crate) const DUE: &str = "due";
pub(crate) const DUE_SHARD: &str = "due_shard";
pub(crate) const DUE_AT: &str = "due_at";

/// Runs of one tenant.
pub(crate) const RUNS: &str = "runs";
pub(crate) const OWNER: &str = "owner";

/// Makes the table of that name, with its indexes and its time to live, unless it is there.
///
/// Meant for trying out and for tests: elsewhere the template makes it. Answers before DynamoDB has made
/// the table ready, which takes seconds at AWS.
///
/// # Errors
///
/// [`StoreError::Unavailable`] when DynamoDB refuses or can not be reached.
pub async fn create_table(client: &Client, table: &str) -> Result<(), StoreError> {
    match create(client, table).await {
        Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn create(client: &Client, table: &str) -> Result<(), Cause> {
    let made = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(PK, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(SK, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(DUE_SHARD, ScalarAttributeType::S)?)
        .attribute_definitions(attribute(DUE_AT, ScalarAttributeType::N)?)
        .attribute_definitions(attribute(OWNER, ScalarAttributeType::S)?)
        .key_schema(part(PK, KeyType::Hash)?)
        .key_schema(part(SK, KeyType::Range)?)
        .global_secondary_indexes(index(DUE, DUE_SHARD, DUE_AT)?)
        .global_secondary_indexes(index(RUNS, OWNER, SK)?)
        .send()
        .await;
    match made {
        Ok(_) => {}
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), CreateTableError::ResourceInUseException(_)) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name(EXPIRES_AT).build()?;
    client.update_time_to_live().table_name(table).time_to_live_specification(expiry).send().await?;
    Ok(())
}

fn attribute(name: &str, kind: ScalarAttributeType) -> Result<AttributeDefinition, Cause> {
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?)
}

fn part(name: &str, kind: KeyType) -> Result<KeySchemaElement, Cause> {
    Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
}

/// An index that holds keys only: whoever finds one reads the item itself, as it stands.
fn index(name: &str, hash: &str, range: &str) -> Result<GlobalSecondaryIndex, Cause> {
    let keys = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    Ok(GlobalSecondaryIndex::builder()
        .index_name(name)
        .key_schema(part(hash, KeyType::Hash)?)
        .key_schema(part(range, KeyType::Range)?)
        .projection(keys)
        .build()?)
}
