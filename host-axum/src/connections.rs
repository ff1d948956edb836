//! The file of upstream keys: tenant to key, or to `{ api_key, base_url }`, in JSON or TOML.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use scheduler_core::domain::{Connection, Key, Secret, Source, Tenant};
use scheduler_core::ports::{Store, StoreError};
use scheduler_core::vault::{Connections, StoredConnections, Vault};
use serde_json::Value;

use crate::Failure;

/// One tenant's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The tenant's own key at the upstream.
    pub api_key: Secret,
    /// The upstream's address, where it is not the puller's default.
    pub base_url: Option<String>,
}

/// The connections of the file first, then those in the store.
pub struct FileConnections {
    source: Source,
    file: BTreeMap<Tenant, Connection>,
    stored: StoredConnections,
}

impl FileConnections {
    /// Puts the file's entries, which belong to `source`, before what `store` holds.
    pub fn new(
        source: Source,
        entries: BTreeMap<Tenant, Entry>,
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
    ) -> Self {
        let connection = |entry: Entry| Connection {
            fingerprint: vault.fingerprint(entry.api_key.expose()),
            api_key: entry.api_key,
            base_url: entry.base_url.map(Into::into),
        };
        let file = entries.into_iter().map(|(tenant, entry)| (tenant, connection(entry))).collect();
        Self { source, file, stored: StoredConnections::new(store, vault) }
    }
}

#[async_trait]
impl Connections for FileConnections {
    async fn connection(&self, key: &Key) -> Result<Option<Connection>, StoreError> {
        match self.file.get(&key.tenant).filter(|_| key.source == self.source) {
            Some(connection) => Ok(Some(connection.clone())),
            None => self.stored.connection(key).await,
        }
    }
}

/// Reads the file; a name that ends in `.toml` is TOML, any other JSON.
///
/// # Errors
///
/// When it can not be read or understood. The message never shows a value of the file.
pub fn read(path: &Path) -> Result<BTreeMap<Tenant, Entry>, Failure> {
    let wrong = |problem: String| Failure::config(format!("{}: {problem}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let toml = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let value = if toml { from_toml(&text) } else { from_json(&text) };
    value.and_then(entries).map_err(wrong)
}

fn from_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("is not JSON at line {}, column {}", error.line(), error.column()))
}

fn from_toml(text: &str) -> Result<Value, String> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        format!("is not TOML at line {}", before.matches('\n').count() + 1)
    })
}

fn entries(value: Value) -> Result<BTreeMap<Tenant, Entry>, String> {
    let Value::Object(object) = value else { return Err("must hold one object, tenant to key".into()) };
    object
        .into_iter()
        .map(|(name, value)| {
            let tenant = Tenant::parse(&name).map_err(|problem| format!("{name:?}: {problem}"))?;
            let entry = entry(value).map_err(|problem| format!("{tenant}: {problem}"))?;
            Ok((tenant, entry))
        })
        .collect()
}

fn entry(value: Value) -> Result<Entry, &'static str> {
    let (api_key, base_url) = match value {
        Value::String(key) => (key, None),
        Value::Object(mut fields) => {
            let Some(Value::String(key)) = fields.remove("api_key") else {
                return Err("needs api_key, a text");
            };
            let base_url = match fields.remove("base_url") {
                None | Some(Value::Null) => None,
                Some(Value::String(url)) => Some(url),
                Some(_) => return Err("base_url must be a text"),
            };
            if !fields.is_empty() {
                return Err("knows no fields but api_key and base_url");
            }
            (key, base_url)
        }
        _ => return Err("must be a key, or an object with api_key and base_url"),
    };
    if api_key.trim().is_empty() || api_key.chars().any(char::is_control) {
        return Err("the key must be printable and not empty");
    }
    Ok(Entry { api_key: Secret::new(api_key.trim()), base_url })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(name: &str, text: &str) -> Result<BTreeMap<Tenant, Entry>, Failure> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn both_forms_are_read_in_both_languages() {
        let json = r#"{"peakpro": "k1", "summit": {"api_key": "k2", "base_url": "https://crm.example"}}"#;
        let toml = "peakpro = \"k1\"\n[summit]\napi_key = \"k2\"\nbase_url = \"https://crm.example\"\n";

        let entries = write("keys.json", json).unwrap();

        assert_eq!(write("keys.toml", toml).unwrap(), entries);
        assert_eq!(entries["peakpro"], Entry { api_key: Secret::new("k1"), base_url: None });
        assert_eq!(entries["summit"].base_url.as_deref(), Some("https://crm.example"));
    }

    #[test]
    fn the_file_speaks_for_its_own_source_only() {
        let source = |name| Source::parse(name).unwrap();
        let tenant = Tenant::parse("peakpro").unwrap();
        let entries =
            BTreeMap::from([(tenant.clone(), Entry { api_key: Secret::new("k1"), base_url: None })]);
        let store = Arc::new(scheduler_core::memory::MemoryStore::new());
        let connections =
            FileConnections::new(source("acculynx"), entries, store, Arc::new(Vault::new([1; 32])));
        let found = |name| {
            let key = Key::new(source(name), tenant.clone());
            futures::executor::block_on(connections.connection(&key)).unwrap()
        };

        assert_eq!(found("acculynx").unwrap().api_key, Secret::new("k1"));
        assert!(found("other").is_none());
    }

    #[test]
    fn a_complaint_names_the_place_and_shows_no_value() {
        for (name, text, place) in [
            ("a.json", r#"{"peakpro": ["s3cret"]}"#, "peakpro"),
            ("a.json", r#"{"peakpro": {"key": "s3cret"}}"#, "peakpro"),
            ("a.json", r#"{"peakpro": {"api_key": "x", "note": "s3cret"}}"#, "peakpro"),
            ("a.json", "{\n\"peakpro\": s3cret}", "line 2"),
            ("a.toml", "\npeakpro = s3cret", "line 2"),
            ("a.json", r#"{"Peak Pro": "s3cret"}"#, "Peak Pro"),
            ("a.json", r#""s3cret""#, "object"),
        ] {
            let message = write(name, text).unwrap_err().to_string();
            assert!(message.contains(place) && !message.contains("s3cret"), "{message}");
        }
    }
}
