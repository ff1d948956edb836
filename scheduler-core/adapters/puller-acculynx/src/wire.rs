//! AccuLynx's requests and answers as plain functions of text: nothing here sends anything.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use scheduler_core::domain::Timestamp;
use scheduler_core::ports::Method;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::content::id_of;

/// The page size that every list accepts.
pub(crate) const PAGE: usize = 25;
/// Pages of lists with record offsets overlap by this many records, so that a few deletions lose none.
pub(crate) const OVERLAP: u64 = 5;
/// AccuLynx refuses a jobs offset beyond this.
pub(crate) const MAX_OFFSET: u64 = 100_000;

/// A request, short of the address's base and the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// The endpoint with names in place of ids, for metrics and messages.
    pub endpoint: &'static str,
    /// The method.
    pub method: Method,
    /// Path and query, from the slash on.
    pub target: String,
    /// The body, for a search.
    pub body: Option<String>,
}

impl Call {
    /// A read of a whole resource.
    pub(crate) fn get(endpoint: &'static str, target: String) -> Self {
        Self { endpoint, method: Method::Get, target, body: None }
    }

    /// A read of a job's leaf, such as its financials.
    pub(crate) fn leaf(endpoint: &'static str, id: &str) -> Self {
        Self::get(endpoint, endpoint.replace("{id}", &segment(id)))
    }

    /// A page of a list that has neither filter nor sort. `query` is empty or ends in `&`.
    pub(crate) fn page(endpoint: &'static str, path: &str, query: &str, start: u64) -> Self {
        Self::get(endpoint, format!("{path}?{query}pageSize={PAGE}&pageStartIndex={start}"))
    }

    /// A page of the contacts that were created in a span, oldest first.
    pub(crate) fn contacts_search(from: Timestamp, to: Timestamp, start: u64) -> Self {
        let query = format!("pageSize={PAGE}&pageStartIndex={start}&includes=emailAddress,phoneNumber");
        let sort = json!({"sortDirection": "Ascending", "sortColumn": "CreatedDate"});
        let body = json!({"startDate": from.iso(), "endDate": to.iso(), "sort": sort});
        Self {
            endpoint: "/contacts/search",
            method: Method::Post,
            target: format!("/contacts/search?{query}"),
            body: Some(body.to_string()),
        }
    }
}

/// One of the disjoint sets that AccuLynx keeps jobs in. No single request lists them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Population {
    /// Leads without a company representative.
    Unassigned,
    /// The same, in the milestone that the default list leaves out.
    Dead,
    /// Jobs with a company representative.
    Assigned,
}

impl Population {
    fn query(self) -> &'static str {
        match self {
            Self::Unassigned => "&assignment=unassigned",
            Self::Dead => "&assignment=unassigned&milestones=dead",
            Self::Assigned => "",
        }
    }
}

/// Days that jobs were modified in, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Window {
    /// The first day.
    #[serde(with = "day")]
    pub from: NaiveDate,
    /// The last day.
    #[serde(with = "day")]
    pub to: NaiveDate,
}

/// A day as it stands in JSON: `2026-03-01`.
pub(crate) mod day {
    use chrono::NaiveDate;
    use scheduler_core::domain::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(day: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(day)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let midnight = Timestamp::parse(&format!("{text}T00:00:00Z"));
        midnight.map(|midnight| midnight.utc().date_naive()).ok_or_else(|| D::Error::custom("no such day"))
    }
}

impl Window {
    /// From the day before `since` (or the beginning) to the day after `now`: whichever zone
    /// AccuLynx cuts its days in, nothing between the two falls out.
    pub(crate) fn since(since: Option<Timestamp>, now: Timestamp) -> Self {
        let beginning = Timestamp::MIN.utc().date_naive();
        let from = since.map_or(beginning, |time| time.utc().date_naive() - Days::new(1)).max(beginning);
        Self { from, to: now.utc().date_naive() + Days::new(1) }
    }

    /// The earlier and the later half; none for a single day.
    pub(crate) fn halves(self) -> Option<(Self, Self)> {
        let days = u64::try_from((self.to - self.from).num_days()).ok().filter(|days| *days > 0)?;
        let middle = self.from + Days::new((days - 1) / 2);
        Some((Self { from: self.from, to: middle }, Self { from: middle + Days::new(1), to: self.to }))
    }
}

/// A page of the jobs of a population that were modified within a window.
pub(crate) fn jobs(population: Population, window: Window, start: u64) -> Call {
    let Window { from, to } = window;
    let assignment = population.query();
    let target = format!(
        "/jobs?dateFilterType=ModifiedDate&startDate={from}&endDate={to}&sortBy=CreatedDate\
         &sortOrder=Ascending&pageSize={PAGE}&pageStartIndex={start}{assignment}&includes=contact"
    );
    Call::get("/jobs", target)
}

/// A path segment with everything escaped that is not plainly part of one.
pub(crate) fn segment(id: &str) -> String {
    let mut out = String::with_capacity(id.len());
    for byte in id.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A record of a page: its id where it has one, and its content.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its name at the upstream; none when it could not be read.
    pub id: Option<String>,
    /// Its content, read.
    pub value: Value,
    /// Its content, as it came.
    pub raw: Box<RawValue>,
}

/// A page of a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// How many records the server says there are. Not to be trusted.
    pub count: Option<u64>,
    /// The start index that the server says it used.
    pub echo: Option<u64>,
    /// The records.
    pub entries: Vec<Entry>,
}

/// Why an answer with a good status is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Nothing where a list or a record is due.
    #[error("answered with an empty body")]
    Empty,
    /// A page for people.
    #[error("answered with HTML")]
    Html,
    /// Cut off, or something else.
    #[error("answered with JSON that is cut off or broken")]
    Broken,
    /// JSON of another shape.
    #[error("answered with JSON that holds no list")]
    NoList,
}

/// Reads a list: an envelope with `items`, a bare array, or an object whose only array has another name.
pub(crate) fn read_page(body: &[u8]) -> Result<Page, Unreadable> {
    let text = text_of(body)?;
    if text.starts_with('[') {
        let items: Vec<Box<RawValue>> =
            serde_json::from_slice(text.as_bytes()).map_err(|_| Unreadable::Broken)?;
        return Ok(Page { entries: entries(items), ..Page::default() });
    }
    let fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_slice(text.as_bytes()).map_err(|_| broken(text))?;
    let mut arrays = fields.iter().filter(|(_, value)| value.get().starts_with('['));
    let list = match (fields.get("items"), arrays.next(), arrays.next()) {
        (Some(items), ..) if items.get().starts_with('[') => items,
        (None, Some((_, only)), None) => only,
        _ => return Err(Unreadable::NoList),
    };
    let items = serde_json::from_slice(list.get().as_bytes()).map_err(|_| Unreadable::Broken)?;
    let number = |name: &str| fields.get(name).and_then(|value| whole(value.get()));
    Ok(Page { count: number("count"), echo: number("pageStartIndex"), entries: entries(items) })
}

/// Reads a single record.
pub(crate) fn read_record(body: &[u8]) -> Result<Entry, Unreadable> {
    let text = text_of(body)?;
    let raw: Box<RawValue> = serde_json::from_slice(text.as_bytes()).map_err(|_| Unreadable::Broken)?;
    let entry = entry(raw);
    entry.value.is_object().then_some(entry).ok_or(Unreadable::Broken)
}

fn text_of(body: &[u8]) -> Result<&str, Unreadable> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let text = std::str::from_utf8(body).map_err(|_| Unreadable::Broken)?.trim();
    match text.as_bytes().first() {
        None => Err(Unreadable::Empty),
        Some(b'<') => Err(Unreadable::Html),
        Some(_) => Ok(text),
    }
}

fn broken(text: &str) -> Unreadable {
    if serde_json::from_slice::<serde::de::IgnoredAny>(text.as_bytes()).is_ok() {
        Unreadable::NoList
    } else {
        Unreadable::Broken
    }
}

fn whole(text: &str) -> Option<u64> {
    let number: f64 = serde_json::from_slice(text.trim_matches('"').trim().as_bytes()).ok()?;
    (0.0..1e15).contains(&number).then_some(number as u64)
}

fn entries(items: Vec<Box<RawValue>>) -> Vec<Entry> {
    items.into_iter().map(entry).collect()
}

fn entry(raw: Box<RawValue>) -> Entry {
    let value = serde_json::from_slice(raw.get().as_bytes()).unwrap_or(Value::Null);
    Entry { id: id_of(&value), value, raw }
}

/// What an error answer says of itself: `title` and `detail` of problem details, nothing else.
pub(crate) fn complaint(body: &[u8]) -> Option<String> {
    match text_of(body) {
        Err(Unreadable::Html) => return Some("answered with HTML".to_owned()),
        Err(_) => return None,
        Ok(_) => {}
    }
    let problem: Value = serde_json::from_slice(body).ok()?;
    let said =
        |name: &str| problem.get(name).and_then(Value::as_str).map(str::trim).filter(|s| !s.is_empty());
    let text = match (said("title"), said("detail")) {
        (Some(title), Some(detail)) => format!("{title}: {detail}"),
        (title, detail) => title.or(detail)?.to_owned(),
    };
    Some(text.chars().take(200).collect())
}

/// The company's name in the answer of `/company-settings`, with its id where it has no name.
pub(crate) fn company_name(body: &[u8]) -> Result<String, Unreadable> {
    let company = read_record(body)?.value;
    let named = company.get("name").and_then(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    let id =
        || id_of(&company).or_else(|| company.get("companyId").map(|id| id.to_string().replace('"', "")));
    Ok(named.map(str::to_owned).or_else(id).unwrap_or_else(|| "a company without a name".to_owned()))
}

#[cfg(test)]
mod tests;
