//! What a record says, apart from what varies between two readings of the same content.

use scheduler_core::domain::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// SHA-256 over what a record says, without what varies between two readings of the same content.
///
/// # Errors
///
/// When the text can not be held as a JSON value.
pub fn content_hash(data: &serde_json::value::RawValue) -> Result<[u8; 32], serde_json::Error> {
    Ok(hash(&serde_json::from_slice(data.get().as_bytes())?))
}

/// SHA-256 over the canonical form of a record: keys sorted, `_link`s dropped, lists sorted by id.
pub(crate) fn hash(record: &Value) -> [u8; 32] {
    let mut text = String::with_capacity(1024);
    canonical(record, &mut text);
    Sha256::digest(text.as_bytes()).into()
}

fn canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().filter(|(name, _)| *name != "_link").collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            out.push('{');
            for (name, value) in fields {
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                canonical(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items
                .iter()
                .map(|item| {
                    let mut text = String::new();
                    canonical(item, &mut text);
                    (id_of(item), text)
                })
                .collect();
            if items.iter().all(|(id, _)| id.is_some()) {
                items.sort_unstable();
            }
            out.push('[');
            for (_, text) in items {
                out.push_str(&text);
                out.push(',');
            }
            out.push(']');
        }
        // 12 and 12.0 are one amount, whichever way a server writes it.
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => {
                out.push_str(&format!("{float:.0}"));
            }
            _ => out.push_str(&number.to_string()),
        },
        other => out.push_str(&other.to_string()),
    }
}

/// A record's id, which may be text or a whole number.
pub(crate) fn id_of(record: &Value) -> Option<String> {
    match record.get("id")? {
        Value::String(id) if !id.trim().is_empty() && id.len() <= 200 => Some(id.trim().to_owned()),
        Value::Number(id) if id.is_i64() || id.is_u64() => Some(id.to_string()),
        _ => None,
    }
}

/// The first of these fields that holds a time.
pub(crate) fn time_of(record: &Value, fields: &[&str]) -> Option<Timestamp> {
    fields.iter().find_map(|field| read_time(record.get(field)?.as_str()?))
}

/// Reads an ISO 8601 time with any number of fractional digits; one without a zone is UTC.
pub(crate) fn read_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}Z")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_links_and_the_shape_of_numbers_do_not_change_a_hash() {
        let one = json!({"id": 1, "b": [{"id": "y", "_link": "u1"}, {"id": "x"}], "a": 12.0});
        let two = json!({"a": 12, "b": [{"id": "x"}, {"id": "y", "_link": "u2"}], "id": 1, "_link": "v"});

        assert_eq!(hash(&one), hash(&two));
    }

    #[test]
    fn content_changes_a_hash() {
        let base = json!({"id": 1, "values": ["a", "b"], "note": null});

        for other in [
            json!({"id": 1, "values": ["b", "a"], "note": null}),
            json!({"id": 1, "values": ["a", "b"], "note": ""}),
            json!({"id": "1", "values": ["a", "b"], "note": null}),
            json!({"id": 1, "values": ["a", "b"]}),
        ] {
            assert_ne!(hash(&base), hash(&other), "{other}");
        }
    }

    #[test]
    fn an_id_is_text_or_a_whole_number() {
        assert_eq!(id_of(&json!({"id": " a "})).as_deref(), Some("a"));
        assert_eq!(id_of(&json!({"id": 7})).as_deref(), Some("7"));
        for bad in
            [json!({"id": ""}), json!({"id": null}), json!({"id": 1.5}), json!({}), json!([1]), json!(3)]
        {
            assert_eq!(id_of(&bad), None, "{bad}");
        }
    }

    #[test]
    fn times_come_in_many_spellings() {
        let second = Timestamp::parse("2026-07-10T21:43:15Z");
        assert_eq!(read_time("2026-07-10T21:43:15Z"), second);
        assert_eq!(read_time("2026-07-10T21:43:15"), second);
        assert_eq!(read_time("2026-07-10T16:43:15-05:00"), second);
        assert_eq!(read_time("2026-07-10T21:43:15.123456789Z"), Timestamp::parse("2026-07-10T21:43:15.123Z"));
        assert_eq!(read_time("2026-07-10T21:43:15.1234567"), Timestamp::parse("2026-07-10T21:43:15.123Z"));
        for bad in ["", "yesterday", "2026-07-10", "0001-01-01T00:00:00Z"] {
            assert_eq!(read_time(bad), None, "{bad}");
        }
        assert_eq!(time_of(&json!({"modifiedDate": ""}), &["modifiedDate"]), None);
    }
}
