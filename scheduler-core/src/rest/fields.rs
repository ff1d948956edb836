//! Reads a JSON object field by field, so that every complaint names the field and its bound.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::problem::{Error, Result};
use crate::domain::{CatchUp, Overlap, RetryPolicy, Scope, Spec, SpecDraft, Tenant, Timestamp};

/// The largest bound of a number whose real bound the domain knows.
const ANY: u64 = u32::MAX as u64;

/// What is left of a JSON object while it is read.
#[derive(Debug, Default)]
pub(super) struct Fields {
    map: Map<String, Value>,
    prefix: &'static str,
}

impl Fields {
    /// Reads a body; an empty one is an empty object.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { map: Map::new(), prefix: "" });
        }
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Ok(Self { map, prefix: "" }),
            Ok(Value::Null) => Ok(Self::default()),
            Ok(_) => Err(Error::field("body", "must be a JSON object")),
            Err(cause) => {
                Err(Error::Json(format!("line {}, column {}", cause.line(), cause.column())).into())
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Refuses what nobody has read.
    pub(super) fn done(self) -> Result<()> {
        match self.map.keys().next() {
            None => Ok(()),
            Some(name) => {
                Err(Error::field(format!("{}{}", self.prefix, shown(name)), "is not a known field"))
            }
        }
    }

    fn wrong(&self, name: &'static str, problem: impl Into<String>) -> Box<Error> {
        Error::field(format!("{}{name}", self.prefix), problem)
    }

    /// A value that is there and is not null.
    fn take(&mut self, name: &str) -> Option<Value> {
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// A value; the inner `None` is an explicit null.
    fn take_nullable(&mut self, name: &str) -> Option<Option<Value>> {
        self.map.remove(name).map(|value| (!value.is_null()).then_some(value))
    }

    pub(super) fn number(&mut self, name: &'static str, min: u64, max: u64) -> Result<Option<u64>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let number = value.as_u64().filter(|number| (min..=max).contains(number));
        number
            .map(Some)
            .ok_or_else(|| self.wrong(name, format!("must be a whole number from {min} to {max}")))
    }

    pub(super) fn text(&mut self, name: &'static str, max: usize) -> Result<Option<String>> {
        let problem = || format!("must be text of at most {max} characters");
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= max => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, problem())),
        }
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    pub(super) fn one_of(
        &mut self,
        name: &'static str,
        known: &[&'static str],
    ) -> Result<Option<&'static str>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let found = known.iter().find(|known| value.as_str() == Some(**known));
        found
            .map(|found| Some(*found))
            .ok_or_else(|| self.wrong(name, format!("must be one of {}", known.join(", "))))
    }

    pub(super) fn instant(&mut self, name: &'static str) -> Result<Option<Timestamp>> {
        self.take(name).map(|value| self.as_instant(name, &value)).transpose()
    }

    fn as_instant(&self, name: &'static str, value: &Value) -> Result<Timestamp> {
        let read = match value {
            Value::String(text) => Timestamp::parse(text),
            Value::Number(number) => number.as_f64().and_then(epoch),
            _ => None,
        };
        read.ok_or_else(|| {
            self.wrong(name, "must be an RFC 3339 instant or epoch seconds, between 2000 and 2200")
        })
    }

    pub(super) fn texts(
        &mut self,
        name: &'static str,
        max: usize,
        length: usize,
    ) -> Result<Option<Vec<String>>> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let read = value.as_array().filter(|list| list.len() <= max).and_then(|list| {
            let text = |value: &Value| value.as_str().filter(|text| text.len() <= length).map(str::to_owned);
            list.iter().map(text).collect::<Option<Vec<_>>>()
        });
        let problem = || format!("must be a list of at most {max} texts of at most {length} bytes");
        read.map(Some).ok_or_else(|| self.wrong(name, problem()))
    }

    pub(super) fn tenants(&mut self, name: &'static str, max: usize) -> Result<Option<Vec<Tenant>>> {
        let Some(names) = self.texts(name, max, 64)? else { return Ok(None) };
        let parsed: Result<Vec<_>, _> = names.iter().map(|name| Tenant::parse(name)).collect();
        let problem = || format!("must hold names that match {}", Tenant::GRAMMAR);
        parsed.map(Some).map_err(|_| self.wrong(name, problem()))
    }

    pub(super) fn object(&mut self, name: &'static str) -> Result<Option<Self>> {
        let prefix = match name {
            "retry" => "retry.",
            "filter" => "filter.",
            "catch_up" => "catch_up.",
            _ => "",
        };
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Self { map, prefix })),
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    /// `"*"` or a list of tenants.
    pub(super) fn scope(&mut self, name: &'static str) -> Result<Option<Scope>> {
        if self.map.get(name).and_then(Value::as_str) == Some("*") {
            self.map.remove(name);
            return Ok(Some(Scope::All));
        }
        let wrong = self.wrong(name, "must be \"*\" or a list of 1 to 1000 tenants");
        match self.tenants(name, 1000) {
            Ok(None) => Ok(None),
            Ok(Some(tenants)) if !tenants.is_empty() => Ok(Some(Scope::Only(tenants.into_iter().collect()))),
            _ => Err(wrong),
        }
    }

    /// An operator's reason.
    pub(super) fn reason(&mut self) -> Result<Option<Arc<str>>> {
        let text = self.text("reason", 500)?;
        Ok(text.map(|text| Spec::reason(&text)).transpose()?)
    }

    /// The fields of a schedule.
    pub(super) fn draft(&mut self) -> Result<SpecDraft> {
        Ok(SpecDraft {
            interval_sec: self.number("interval_sec", 0, ANY)?,
            cron: self.text("cron", 120)?,
            timezone: self.text("timezone", 64)?,
            jitter_sec: match self.map.get("jitter_sec") {
                Some(Value::Null) => {
                    self.map.remove("jitter_sec");
                    Some(0)
                }
                _ => self.number("jitter_sec", 0, 3600)?,
            },
            starts_at: self.nullable_instant("starts_at")?,
            ends_at: self.nullable_instant("ends_at")?,
            timeout_sec: self.number("timeout_sec", 1, 6 * 3600)?,
            overlap: self.one_of("overlap", &["skip", "queue_one"])?.map(|name| match name {
                "skip" => Overlap::Skip,
                _ => Overlap::QueueOne,
            }),
            catch_up: self.catch_up()?,
            retry: self.retry()?,
            pause_after_failures: self.number("pause_after_failures", 1, 1000)?,
            note: match self.map.get("note") {
                Some(Value::Null) => {
                    self.map.remove("note");
                    Some(None)
                }
                _ => self.text("note", 500)?.map(Some),
            },
            tags: match self.map.get("tags") {
                Some(Value::Null) => {
                    self.map.remove("tags");
                    Some(Vec::new())
                }
                _ => self.texts("tags", 16, 32)?,
            },
        })
    }

    fn nullable_instant(&mut self, name: &'static str) -> Result<Option<Option<Timestamp>>> {
        match self.take_nullable(name) {
            None => Ok(None),
            Some(None) => Ok(Some(None)),
            Some(Some(value)) => self.as_instant(name, &value).map(|instant| Some(Some(instant))),
        }
    }

    fn catch_up(&mut self) -> Result<Option<CatchUp>> {
        match self.map.get("catch_up") {
            Some(Value::Object(_)) => {
                let Some(mut all) = self.object("catch_up")? else { return Ok(None) };
                let most = all.number("all", 1, CatchUp::MAX_ALL.into())?;
                all.done()?;
                let most = most.ok_or_else(|| Error::field("catch_up.all", "is required"))?;
                Ok(Some(CatchUp::All(u16::try_from(most).unwrap_or(CatchUp::MAX_ALL))))
            }
            Some(Value::String(name)) if name == "latest" || name == "skip" => {
                let latest = name == "latest";
                self.map.remove("catch_up");
                Ok(Some(if latest { CatchUp::Latest } else { CatchUp::Skip }))
            }
            Some(Value::Null) | None => {
                self.map.remove("catch_up");
                Ok(None)
            }
            Some(_) => Err(Error::field("catch_up", "must be latest, skip or {\"all\": 1 to 1000}")),
        }
    }

    fn retry(&mut self) -> Result<Option<RetryPolicy>> {
        let Some(mut fields) = self.object("retry")? else { return Ok(None) };
        let standard = RetryPolicy::default();
        let small = |value: Option<u64>, standard: u32| {
            value.and_then(|value| u32::try_from(value).ok()).unwrap_or(standard)
        };
        let attempts = fields.number("max_attempts", 1, 20)?;
        let policy = RetryPolicy {
            max_attempts: u16::try_from(small(attempts, standard.max_attempts.into())).unwrap_or(20),
            base_sec: small(fields.number("base_sec", 1, 3600)?, standard.base_sec),
            max_sec: small(fields.number("max_sec", 1, 3600)?, standard.max_sec),
        };
        fields.done()?;
        Ok(Some(policy))
    }
}

/// An unknown field's name, fit to be shown.
fn shown(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic()).take(64).collect()
}

/// Epoch seconds within the supported years.
pub(super) fn epoch(seconds: f64) -> Option<Timestamp> {
    let (min, max) = (Timestamp::MIN.epoch_secs(), Timestamp::MAX.epoch_secs());
    (min..=max).contains(&seconds).then(|| Timestamp::from_millis((seconds * 1000.0).round() as i64))
}
