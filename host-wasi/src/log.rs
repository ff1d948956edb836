//! One JSON object a line. The ready-made subscribers weigh as much as all routing.

use std::fmt::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use scheduler_core::domain::Timestamp;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Writes what happens, and within which span, as JSON lines.
pub(crate) struct Log {
    level: LevelFilter,
    now: fn() -> Timestamp,
    out: Box<dyn Fn(&str) + Send + Sync>,
    spans: Mutex<Spans>,
}

#[derive(Default)]
struct Spans {
    /// Those that are there; the id is the place, counted from one.
    known: Vec<Option<Span>>,
    /// Those that were entered, the innermost last.
    entered: Vec<Id>,
}

struct Span {
    /// `"name":"request","method":"GET"`
    text: String,
    handles: usize,
}

impl Spans {
    fn at(&mut self, id: &Id) -> Option<&mut Option<Span>> {
        self.known.get_mut(usize::try_from(id.into_u64()).unwrap_or(usize::MAX).wrapping_sub(1))
    }

    fn known(&mut self, id: &Id) -> Option<&mut Span> {
        self.at(id).and_then(Option::as_mut)
    }
}

impl Log {
    /// Gives each line, from `level` on, to `out`; a word that is no level is `info`.
    pub(crate) fn new(
        level: &str,
        now: fn() -> Timestamp,
        out: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        let level = level.parse().unwrap_or(LevelFilter::INFO);
        Self { level, now, out: Box::new(out), spans: Mutex::default() }
    }

    fn spans(&self) -> MutexGuard<'_, Spans> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields(format!(r#""name":{}"#, json(attributes.metadata().name())));
        attributes.record(&mut fields);
        let span = Some(Span { text: fields.0, handles: 1 });
        let mut spans = self.spans();
        let place = spans.known.iter().position(Option::is_none).unwrap_or(spans.known.len());
        match spans.known.get_mut(place) {
            Some(free) => *free = span,
            None => spans.known.push(span),
        }
        Id::from_u64(place as u64 + 1)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        if let Some(span) = self.spans().known(id) {
            let mut fields = Fields(std::mem::take(&mut span.text));
            values.record(&mut fields);
            span.text = fields.0;
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let (time, level) = ((self.now)().iso(), metadata.level());
        let mut line = Fields(format!(r#"{{"timestamp":"{time}","level":"{level}""#));
        event.record(&mut line);
        line.add("target", &json(metadata.target()));
        let mut spans = self.spans();
        if let Some(span) = spans.entered.last().cloned().and_then(|id| spans.known(&id)) {
            line.add("span", &format!("{{{}}}", span.text));
        }
        drop(spans);
        line.0.push_str("}\n");
        (self.out)(&line.0);
    }

    fn enter(&self, id: &Id) {
        self.spans().entered.push(id.clone());
    }

    fn exit(&self, id: &Id) {
        let mut spans = self.spans();
        if let Some(place) = spans.entered.iter().rposition(|entered| entered == id) {
            spans.entered.remove(place);
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some(span) = self.spans().known(id) {
            span.handles += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut spans = self.spans();
        let Some(slot) = spans.at(&id) else { return false };
        let Some(span) = slot else { return false };
        span.handles -= 1;
        let last = span.handles == 0;
        if last {
            *slot = None;
        }
        last
    }
}

/// The inside of a JSON object, as long as it grows.
struct Fields(String);

impl Fields {
    fn add(&mut self, name: &str, value: &str) {
        // Can not fail: it is a string.
        let _written = write!(self.0, ",{}:{value}", json(name));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field.name(), &json(&format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field.name(), &json(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field.name(), if value { "true" } else { "false" });
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field.name(), &value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field.name(), &value.to_string());
    }
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn logged(level: &str, work: impl FnOnce()) -> Vec<serde_json::Value> {
        let lines = Arc::new(Mutex::new(String::new()));
        let kept = lines.clone();
        let log = Log::new(
            level,
            || Timestamp::from_secs(1_800_000_000),
            move |line| {
                kept.lock().unwrap().push_str(line);
            },
        );
        tracing::subscriber::with_default(log, work);
        let lines = lines.lock().unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_tells_what_happened_and_where() {
        let lines = logged("info", || {
            let span = tracing::info_span!("request", method = "GET", status = tracing::field::Empty);
            let entered = span.enter();
            tracing::warn!(target: "acculynx-scheduler", count = 3, late = true, "a \"quoted\" word");
            span.record("status", 200);
            tracing::info!("done");
            tracing::debug!("not asked for");
            drop(entered);
            tracing::error!(error = %"outside");
        });

        assert_eq!(
            lines,
            [
                serde_json::json!({
                    "timestamp": "2027-01-15T08:00:00Z", "level": "WARN", "message": "a \"quoted\" word",
                    "count": 3, "late": true, "target": "acculynx-scheduler",
                    "span": { "name": "request", "method": "GET" },
                }),
                serde_json::json!({
                    "timestamp": "2027-01-15T08:00:00Z", "level": "INFO", "message": "done",
                    "target": "host_wasi::log::tests",
                    "span": { "name": "request", "method": "GET", "status": 200 },
                }),
                serde_json::json!({
                    "timestamp": "2027-01-15T08:00:00Z", "level": "ERROR", "error": "outside",
                    "target": "host_wasi::log::tests",
                }),
            ]
        );
    }

    #[test]
    fn spans_overlap_and_their_places_are_used_again() {
        let lines = logged("nonsense", || {
            let (one, two) = (tracing::info_span!("one"), tracing::info_span!("two"));
            let (first, second) = (one.enter(), two.enter());
            drop(first);
            tracing::info!("in two");
            drop(second);
            drop(two.clone());
            drop(one);
            let three = tracing::info_span!("three");
            three.in_scope(|| tracing::info!("in three"));
            two.in_scope(|| tracing::info!("in two again"));
        });

        let names: Vec<_> = lines.iter().map(|line| line["span"]["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["two", "three", "two"]);
    }
}
