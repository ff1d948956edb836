//! JSON that is kept as the text that it was written as.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

/// JSON text. Takes a fraction of the memory of a tree, and is written again byte for byte.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(pub Arc<RawValue>);

impl Json {
    /// Writes a value; one that JSON can not hold (a map whose keys are no text) becomes `null`.
    pub fn of(value: &impl Serialize) -> Self {
        Self(to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()).into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The text, read again.
    pub fn value(&self) -> Value {
        serde_json::from_slice(self.as_str().as_bytes()).unwrap_or_default()
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        self.as_str() == "null"
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

/// Writes a tree with the keys of its objects in order, whatever order the build keeps them in: the same
/// value is the same text in every program.
impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::of(&in_order(value))
    }
}

/// The same value with the keys of its objects in order.
pub(crate) fn in_order(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let (mut sorted, mut object) = (BTreeMap::new(), Map::new());
            sorted.extend(fields.into_iter().map(|(name, value)| (name, in_order(value))));
            object.extend(sorted);
            Value::Object(object)
        }
        Value::Array(items) => Value::Array(items.into_iter().map(in_order).collect()),
        plain => plain,
    }
}
