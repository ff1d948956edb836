//! What an operator may ask of a schedule, checked once, at the edge.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Timestamp, Zone};

/// A field that was refused, with the bound that it broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct Invalid {
    /// The field's name as the caller wrote it.
    pub field: &'static str,
    /// What is wrong with it, naming the bound.
    pub problem: String,
}

impl Invalid {
    /// Says that `field` has `problem`.
    pub fn new(field: &'static str, problem: impl Into<String>) -> Self {
        Self { field, problem: problem.into() }
    }
}

/// The bounds that one deployment puts on intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The shortest interval that is accepted.
    pub min_interval_sec: u32,
    /// The longest interval that is accepted.
    pub max_interval_sec: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_interval_sec: 5, max_interval_sec: 7 * 24 * 3600 }
    }
}

/// The time between two slots, at least one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Interval(u32);

impl Interval {
    /// Accepts a length within `limits`.
    pub fn within(secs: u64, limits: Limits) -> Result<Self, Invalid> {
        let (min, max) = (limits.min_interval_sec.max(1), limits.max_interval_sec);
        u32::try_from(secs)
            .ok()
            .filter(|secs| (min..=max).contains(secs))
            .map(Self)
            .ok_or_else(|| Invalid::new("interval_sec", format!("must be between {min} and {max} seconds")))
    }

    /// The length in seconds.
    pub fn secs(self) -> u32 {
        self.0
    }

    /// The length in milliseconds.
    pub fn millis(self) -> i64 {
        i64::from(self.0) * 1000
    }
}

impl TryFrom<u32> for Interval {
    type Error = Invalid;

    fn try_from(secs: u32) -> Result<Self, Invalid> {
        Self::within(secs.into(), Limits { min_interval_sec: 1, max_interval_sec: u32::MAX })
    }
}

impl From<Interval> for u32 {
    fn from(interval: Interval) -> Self {
        interval.0
    }
}

/// A cron expression in a time zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "CronText", into = "CronText")]
pub struct Cron {
    text: Arc<str>,
    zone: Zone,
    pattern: Arc<croner::Cron>,
}

#[derive(Clone, Serialize, Deserialize)]
struct CronText {
    cron: String,
    timezone: String,
}

impl Cron {
    /// Accepts five fields (minute to weekday) and an IANA zone name.
    pub fn parse(text: &str, zone: &str) -> Result<Self, Invalid> {
        let wrong = |problem: String| Invalid::new("cron", problem);
        if text.len() > 120 || text.split_whitespace().count() != 5 {
            return Err(wrong("must have five fields: minute hour day month weekday".into()));
        }
        let pattern =
            croner::Cron::from_str(text).map_err(|cause| wrong(format!("is not valid: {cause}")))?;
        let zone = Zone::named(zone)
            .ok_or_else(|| Invalid::new("timezone", "must be an IANA zone name, such as America/Chicago"))?;
        Ok(Self { text: text.into(), zone, pattern: pattern.into() })
    }

    /// Refuses an expression that matches no day, such as February 30.
    fn that_fires(self) -> Result<Self, Invalid> {
        match self.pattern.find_next_occurrence(&Timestamp::MIN.utc(), false) {
            Ok(found) if found <= Timestamp::MAX.utc() => Ok(self),
            _ => Err(Invalid::new("cron", "never fires: no such day comes")),
        }
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The zone whose wall clock the expression reads.
    pub fn zone(&self) -> Zone {
        self.zone
    }

    pub(crate) fn pattern(&self) -> &croner::Cron {
        &self.pattern
    }
}

impl TryFrom<CronText> for Cron {
    type Error = Invalid;

    fn try_from(text: CronText) -> Result<Self, Invalid> {
        Self::parse(&text.cron, &text.timezone)
    }
}

impl From<Cron> for CronText {
    fn from(cron: Cron) -> Self {
        Self { cron: cron.text.to_string(), timezone: cron.zone.name().to_owned() }
    }
}

/// When slots fall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cadence {
    /// At a fixed rate.
    Interval(Interval),
    /// On a calendar.
    Cron(Cron),
}

/// What happens to a slot that comes while a run is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The slot is passed over.
    #[default]
    Skip,
    /// The latest such slot runs as soon as the run has ended.
    QueueOne,
}

/// What happens to slots that passed while nothing could run them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// The latest one runs, the others are coalesced into it.
    #[default]
    Latest,
    /// None runs.
    Skip,
    /// The latest so many run, one after the other.
    All(u16),
}

impl CatchUp {
    /// The most slots that [`CatchUp::All`] may ask for.
    pub const MAX_ALL: u16 = 1000;
}

/// How a failed run is tried again within its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Runs of one slot at the most, the first included.
    pub max_attempts: u16,
    /// Upper bound of the wait before the second attempt; it doubles from there.
    pub base_sec: u32,
    /// Upper bound of any wait.
    pub max_sec: u32,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_attempts: 3, base_sec: 5, max_sec: 300 }
    }
}

/// A label that groups tenants.
pub type Tag = Arc<str>;

/// Everything an operator decides about a schedule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// When slots fall.
    pub cadence: Cadence,
    /// Each slot starts up to this much later, by a fixed draw per slot.
    #[serde(default)]
    pub jitter_sec: u32,
    /// Slots before this instant do not run.
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// Slots after this instant do not run.
    #[serde(default)]
    pub ends_at: Option<Timestamp>,
    /// A run is stopped after this long.
    pub timeout_sec: u32,
    /// What happens to a slot that comes while a run is in flight.
    #[serde(default)]
    pub overlap: Overlap,
    /// What happens to slots that nothing could run.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How a failed run is tried again.
    #[serde(default)]
    pub retry: RetryPolicy,
    /// Failed slots in a row that open the breaker.
    pub pause_after_failures: u32,
    /// The operator's remark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
    /// Labels that group tenants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

impl Spec {
    /// The interval that an empty request asks for.
    pub const DEFAULT_INTERVAL_SEC: u32 = 300;

    /// A spec with every other choice at its default.
    pub fn every(interval: Interval) -> Self {
        Self {
            cadence: Cadence::Interval(interval),
            jitter_sec: 0,
            starts_at: None,
            ends_at: None,
            timeout_sec: 300,
            overlap: Overlap::default(),
            catch_up: CatchUp::default(),
            retry: RetryPolicy::default(),
            pause_after_failures: 10,
            note: None,
            tags: Vec::new(),
        }
    }

    /// The interval, where slots fall at a fixed rate.
    pub fn interval(&self) -> Option<Interval> {
        match self.cadence {
            Cadence::Interval(interval) => Some(interval),
            Cadence::Cron(_) => None,
        }
    }

    /// How long a run may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_sec.into())
    }

    /// Whether `slot` lies within the bounds.
    pub fn admits(&self, slot: Timestamp) -> bool {
        self.starts_at.is_none_or(|start| start <= slot) && self.ends_at.is_none_or(|end| slot <= end)
    }
}

/// A request to create or edit a schedule: what is absent stays as it was.
///
/// `starts_at`, `ends_at`, `note` and `jitter_sec` are cleared by an explicit null (the inner `None`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpecDraft {
    /// Seconds between slots; excludes `cron`.
    pub interval_sec: Option<u64>,
    /// Five cron fields; excludes `interval_sec`.
    pub cron: Option<String>,
    /// IANA zone of `cron`.
    pub timezone: Option<String>,
    /// See [`Spec::jitter_sec`].
    pub jitter_sec: Option<u64>,
    /// See [`Spec::starts_at`].
    pub starts_at: Option<Option<Timestamp>>,
    /// See [`Spec::ends_at`].
    pub ends_at: Option<Option<Timestamp>>,
    /// See [`Spec::timeout_sec`].
    pub timeout_sec: Option<u64>,
    /// See [`Spec::overlap`].
    pub overlap: Option<Overlap>,
    /// See [`Spec::catch_up`].
    pub catch_up: Option<CatchUp>,
    /// See [`Spec::retry`].
    pub retry: Option<RetryPolicy>,
    /// See [`Spec::pause_after_failures`].
    pub pause_after_failures: Option<u64>,
    /// See [`Spec::note`].
    pub note: Option<Option<String>>,
    /// See [`Spec::tags`].
    pub tags: Option<Vec<String>>,
}

impl SpecDraft {
    /// Makes a spec from `base` (or from the defaults) and what this draft asks for.
    pub fn apply(self, base: Option<&Spec>, limits: Limits) -> Result<Spec, Invalid> {
        let mut spec = match base {
            Some(base) => base.clone(),
            None => Spec::every(Interval(Spec::DEFAULT_INTERVAL_SEC)),
        };
        let unchanged = self.interval_sec.is_none() && self.cron.is_none() && self.timezone.is_none();
        if !unchanged {
            spec.cadence = self.cadence(&spec, limits)?;
        } else if base.is_none() {
            let secs = Spec::DEFAULT_INTERVAL_SEC.clamp(limits.min_interval_sec, limits.max_interval_sec);
            spec.cadence = Cadence::Interval(Interval::within(secs.into(), limits)?);
        }
        if let Some(jitter) = self.jitter_sec {
            spec.jitter_sec = bounded("jitter_sec", jitter, 0, 3600)?;
        }
        if let Some(interval) = spec.interval()
            && spec.jitter_sec > interval.secs()
        {
            return Err(Invalid::new(
                "jitter_sec",
                format!("must not exceed the interval of {} seconds", interval.secs()),
            ));
        }
        spec.starts_at = self.starts_at.unwrap_or(spec.starts_at);
        spec.ends_at = self.ends_at.unwrap_or(spec.ends_at);
        if let (Some(start), Some(end)) = (spec.starts_at, spec.ends_at)
            && end < start
        {
            return Err(Invalid::new("ends_at", "must not lie before starts_at"));
        }
        if let Some(secs) = self.timeout_sec {
            spec.timeout_sec = bounded("timeout_sec", secs, 1, 6 * 3600)?;
        }
        spec.overlap = self.overlap.unwrap_or(spec.overlap);
        if let Some(catch_up) = self.catch_up {
            if let CatchUp::All(n) = catch_up {
                bounded("catch_up.all", n.into(), 1, CatchUp::MAX_ALL.into())?;
            }
            spec.catch_up = catch_up;
        }
        if let Some(retry) = self.retry {
            bounded("retry.max_attempts", retry.max_attempts.into(), 1, 20)?;
            bounded("retry.base_sec", retry.base_sec.into(), 1, 3600)?;
            bounded("retry.max_sec", retry.max_sec.into(), retry.base_sec, 3600)?;
            spec.retry = retry;
        }
        if let Some(failures) = self.pause_after_failures {
            spec.pause_after_failures = bounded("pause_after_failures", failures, 1, 1000)?;
        }
        if let Some(note) = self.note {
            spec.note = note.map(|note| text("note", &note, 500)).transpose()?;
        }
        if let Some(tags) = self.tags {
            spec.tags = labels(&tags)?;
        }
        Ok(spec)
    }

    fn cadence(&self, spec: &Spec, limits: Limits) -> Result<Cadence, Invalid> {
        let zone = || match (&self.timezone, &spec.cadence) {
            (Some(zone), _) => zone.clone(),
            (None, Cadence::Cron(cron)) => cron.zone().name().to_owned(),
            (None, Cadence::Interval(_)) => "UTC".to_owned(),
        };
        match (self.interval_sec, &self.cron) {
            (Some(_), Some(_)) => Err(Invalid::new("cron", "excludes interval_sec: give one of them")),
            (Some(_), None) if self.timezone.is_some() => {
                Err(Invalid::new("timezone", "goes with cron only"))
            }
            (Some(secs), None) => Interval::within(secs, limits).map(Cadence::Interval),
            (None, Some(text)) => Cron::parse(text, &zone())?.that_fires().map(Cadence::Cron),
            (None, None) => match &spec.cadence {
                Cadence::Cron(cron) => Cron::parse(cron.text(), &zone()).map(Cadence::Cron),
                Cadence::Interval(_) => Err(Invalid::new("timezone", "goes with cron only")),
            },
        }
    }
}

fn bounded(field: &'static str, value: u64, min: u32, max: u32) -> Result<u32, Invalid> {
    u32::try_from(value)
        .ok()
        .filter(|value| (min..=max).contains(value))
        .ok_or_else(|| Invalid::new(field, format!("must be between {min} and {max}")))
}

fn text(field: &'static str, value: &str, max: usize) -> Result<Arc<str>, Invalid> {
    if value.chars().count() > max || value.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Invalid::new(field, format!("must be at most {max} printable characters")));
    }
    Ok(value.into())
}

fn labels(tags: &[String]) -> Result<Vec<Tag>, Invalid> {
    let well_formed = |tag: &String| {
        (1..=32).contains(&tag.len())
            && tag.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    };
    if tags.len() > 16 || !tags.iter().all(well_formed) {
        return Err(Invalid::new("tags", "must be at most 16 names that match ^[a-z0-9._-]{1,32}$"));
    }
    let mut tags: Vec<Tag> = tags.iter().map(|tag| tag.as_str().into()).collect();
    tags.sort();
    tags.dedup();
    Ok(tags)
}

#[derive(Serialize)]
struct Described<'a> {
    interval_sec: Option<u32>,
    cron: Option<&'a str>,
    timezone: Option<&'a str>,
    jitter_sec: u32,
    starts_at: Option<String>,
    ends_at: Option<String>,
    timeout_sec: u32,
    overlap: Overlap,
    catch_up: CatchUp,
    retry: &'a RetryPolicy,
    pause_after_failures: u32,
    note: Option<&'a str>,
    tags: &'a [Tag],
}

impl Spec {
    /// The spec in the words of the REST contract, for people and for the audit trail.
    pub fn describe(&self) -> impl Serialize + '_ {
        let (interval_sec, cron, timezone) = match &self.cadence {
            Cadence::Interval(interval) => (Some(interval.secs()), None, None),
            Cadence::Cron(cron) => (None, Some(cron.text()), Some(cron.zone().name())),
        };
        Described {
            interval_sec,
            cron,
            timezone,
            jitter_sec: self.jitter_sec,
            starts_at: self.starts_at.map(Timestamp::iso),
            ends_at: self.ends_at.map(Timestamp::iso),
            timeout_sec: self.timeout_sec,
            overlap: self.overlap,
            catch_up: self.catch_up,
            retry: &self.retry,
            pause_after_failures: self.pause_after_failures,
            note: self.note.as_deref(),
            tags: &self.tags,
        }
    }

    /// Checks an operator's free text (a reason) the way a note is checked.
    pub fn reason(value: &str) -> Result<Arc<str>, Invalid> {
        text("reason", value, 500)
    }
}
