//! Attributes of items, written and read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use scheduler_core::domain::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Cause;

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) const PK: &str = "pk";
pub(crate) const SK: &str = "sk";
/// What an item holds, as JSON.
pub(crate) const BODY: &str = "body";
/// When DynamoDB may delete an item, in seconds since the epoch.
pub(crate) const EXPIRES_AT: &str = "expires_at";

/// Text.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A whole number.
pub(crate) fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The names of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Name {
    pub(crate) fn of(item: &Item) -> Result<Self, Cause> {
        Ok(Self { pk: text(item, PK)?.to_owned(), sk: text(item, SK)?.to_owned() })
    }

    /// An item of that name with nothing else.
    pub(crate) fn item(&self) -> Item {
        HashMap::from([(PK.to_owned(), s(&self.pk)), (SK.to_owned(), s(&self.sk))])
    }

    /// An item of that name that holds `value`.
    pub(crate) fn holding(&self, value: &impl Serialize, what: &'static str) -> Result<Item, Cause> {
        let mut item = self.item();
        put(&mut item, BODY, s(json(value, what)?));
        Ok(item)
    }
}

pub(crate) fn put(item: &mut Item, name: &str, value: AttributeValue) {
    item.insert(name.to_owned(), value);
}

/// Lets DynamoDB delete the item at `time` or later.
pub(crate) fn expire(item: &mut Item, time: Timestamp) {
    put(item, EXPIRES_AT, n(time.millis().div_euclid(1000) + 1));
}

pub(crate) fn json(value: &impl Serialize, what: &'static str) -> Result<String, Cause> {
    serde_json::to_string(value).map_err(|_| Cause::Unwritable(what))
}

/// What [`Name::holding`] wrote.
pub(crate) fn body<T: DeserializeOwned>(item: &Item, what: &'static str) -> Result<T, Cause> {
    serde_json::from_str(text(item, BODY)?).map_err(|_| Cause::Unreadable(what))
}

pub(crate) fn text<'a>(item: &'a Item, name: &'static str) -> Result<&'a str, Cause> {
    match item.get(name) {
        Some(AttributeValue::S(text)) => Ok(text),
        _ => Err(Cause::Unreadable(name)),
    }
}

pub(crate) fn number<T: std::str::FromStr>(item: &Item, name: &'static str) -> Result<T, Cause> {
    optional_number(item, name)?.ok_or(Cause::Unreadable(name))
}

pub(crate) fn optional_number<T: std::str::FromStr>(
    item: &Item,
    name: &'static str,
) -> Result<Option<T>, Cause> {
    match item.get(name) {
        None => Ok(None),
        Some(AttributeValue::N(number)) => number.parse().map(Some).map_err(|_| Cause::Unreadable(name)),
        Some(_) => Err(Cause::Unreadable(name)),
    }
}

pub(crate) fn time(item: &Item, name: &'static str) -> Result<Timestamp, Cause> {
    number(item, name).map(Timestamp::from_millis)
}
