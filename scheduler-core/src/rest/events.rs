//! What changes, as it changes: one set of events for streams and for pollers.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{FutureExt, Stream, StreamExt};
use http::{HeaderValue, Method, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::Shared;
use super::access::Principal;
use super::audit::EntryView;
use super::call::Call;
use super::problem::{Error, Result};
use super::reply::{json, not_modified};
use super::views::{RunView, ScheduleView};
use crate::domain::{Role, RunState, Scope, Timestamp};
use crate::engine::{Event, Notice, Subscription};

/// Without any event, a comment is sent this often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream is closed after about this long; its client comes again.
const LONGEST: Duration = Duration::from_secs(600);
/// Streams of one process at the most.
const STREAMS: usize = 1000;

/// Something that changed.
#[derive(Serialize, ToSchema)]
#[serde(tag = "event")]
#[schema(as = ChangeEvent)]
pub(super) enum Told<'a> {
    /// A schedule was created, edited, paused, resumed, or a run has changed how it stands.
    #[serde(rename = "schedule.changed")]
    ScheduleChanged { version: u64, tenant: &'a str, source: &'a str, schedule: Box<ScheduleView<'a>> },
    /// A schedule was deleted.
    #[serde(rename = "schedule.deleted")]
    ScheduleDeleted { version: u64, tenant: &'a str, source: &'a str },
    /// A run has started.
    #[serde(rename = "run.started")]
    RunStarted { version: u64, tenant: &'a str, source: &'a str, run: Box<RunView<'a>> },
    /// A run has ended.
    #[serde(rename = "run.finished")]
    RunFinished { version: u64, tenant: &'a str, source: &'a str, run: Box<RunView<'a>> },
    /// The audit trail has grown.
    #[serde(rename = "audit.appended")]
    AuditAppended { version: u64, tenant: Option<&'a str>, source: Option<&'a str>, entry: Box<EntryView> },
    /// The counts of a list are others: read them again.
    #[serde(rename = "counts.changed")]
    CountsChanged { version: u64 },
    /// Something was missed: read everything again.
    #[serde(rename = "resync")]
    Resync { version: u64 },
}

impl Told<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::ScheduleChanged { .. } => "schedule.changed",
            Self::ScheduleDeleted { .. } => "schedule.deleted",
            Self::RunStarted { .. } => "run.started",
            Self::RunFinished { .. } => "run.finished",
            Self::AuditAppended { .. } => "audit.appended",
            Self::CountsChanged { .. } => "counts.changed",
            Self::Resync { .. } => "resync",
        }
    }
}

/// Whether the principal may see what the event is about.
fn visible(scope: &Scope, event: &Event) -> bool {
    match scope {
        Scope::All => true,
        scope => !event.record.key.is_system() && scope.admits(&event.record.key.tenant),
    }
}

/// What one committed change tells. `version` is left out (0) where it would tell of others' changes.
fn told<'a>(event: &'a Event, version: u64, now: Timestamp) -> Vec<Told<'a>> {
    let (tenant, source) = (event.record.key.tenant.as_str(), event.record.key.source.as_str());
    let mut all = Vec::with_capacity(3);
    for run in &event.runs {
        let view = Box::new(RunView::new(run));
        all.push(if run.state == RunState::Running {
            Told::RunStarted { version, tenant, source, run: view }
        } else {
            Told::RunFinished { version, tenant, source, run: view }
        });
    }
    let own = !event.record.key.is_system();
    if let Some(schedule) = &event.record.schedule {
        let view = Box::new(ScheduleView::new(&event.record, schedule, now));
        all.push(Told::ScheduleChanged { version, tenant, source, schedule: view });
    } else if event.deleted {
        all.push(Told::ScheduleDeleted { version, tenant, source });
    }
    for entry in &event.audit {
        let (tenant, source) = (own.then_some(tenant), own.then_some(source));
        all.push(Told::AuditAppended { version, tenant, source, entry: Box::new(EntryView::new(entry)) });
    }
    if own {
        all.push(Told::CountsChanged { version });
    }
    all
}

/// Events since a version.
#[derive(Serialize, ToSchema)]
#[schema(as = ChangesAnswer)]
struct Changes<'a> {
    ok: bool,
    /// Oldest first.
    changes: Vec<Told<'a>>,
    /// What to ask with next time.
    version: u64,
}

/// Since when.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct SinceQuery {
    /// The `version` of a list or of the last answer.
    #[param(minimum = 0)]
    since: u64,
}

/// Ask what has changed since a version.
#[utoipa::path(get, path = "/api/changes", tag = "live", operation_id = "listChanges", params(SinceQuery),
    responses((status = 200, description = "The events", body = Changes<'static>),
        (status = 304, description = "Nothing has changed")))]
pub(super) async fn changes(call: &mut Call) -> Result<Response> {
    let grant = call.granted(Role::Viewer).await?;
    let params = call.params();
    let shared = &call.shared;
    let since = params.number("since", 0, u64::MAX)?.ok_or_else(|| Error::field("since", "is required"))?;
    let current = shared.version_for(&grant.principal).await?;
    if since == current {
        let tag = HeaderValue::from_str(&format!("W/\"v{current}\"")).map_err(|_| Error::Internal)?;
        return Ok(not_modified(tag));
    }
    // Who sees a few tenants only reads the list again: a version of all would tell of others' changes.
    if grant.principal.scope != Scope::All {
        return Err(Error::TooOld.into());
    }
    let events = shared.engine.events().since(since).ok_or(Error::TooOld)?;
    // Another process may have changed what this one has no event for.
    let Some(last) = events.last() else { return Err(Error::TooOld.into()) };
    let now = shared.now();
    let changes = events.iter().flat_map(|event| told(event, event.version, now)).collect();
    json(&Changes { ok: true, changes, version: last.version })
}

/// Listen to what changes (Server-Sent Events).
///
/// Each event's `data` is a `ChangeEvent`; `id` is its version, which `Last-Event-ID` resumes after.
/// Callers bound to some tenants get no `id`, and a `resync` first.
#[utoipa::path(get, path = "/api/events", tag = "live", operation_id = "streamEvents",
    params(("last-event-id" = Option<String>, Header, description = "The last event that was read")),
    responses((status = 200, description = "The stream", body = Told<'static>, content_type = "text/event-stream")))]
pub(super) async fn stream(call: &mut Call) -> Result<Response> {
    let grant = call.granted(Role::Viewer).await?;
    let headers = &call.parts.headers;
    let method = &call.parts.method;
    let shared = &call.shared;
    if !shared.streaming {
        return Err(Error::NoStream.into());
    }
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        Body::from_stream(Events::open(shared.clone(), grant.principal, last.as_deref())?)
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Whether the token behind a stream still holds, asked with each heartbeat.
type Check = Pin<Box<dyn Future<Output = bool> + Send>>;

/// One client's stream.
struct Events {
    shared: Shared,
    principal: Arc<Principal>,
    subscription: Subscription,
    waiting: VecDeque<Bytes>,
    /// Events up to here were sent already.
    sent: u64,
    heartbeat: Sleep,
    end: Sleep,
    check: Option<Check>,
    _place: Place,
}

impl Events {
    fn open(shared: Shared, principal: Arc<Principal>, last: Option<&str>) -> Result<Self> {
        let place = Place::take(&shared)?;
        let clock = shared.engine.clock().clone();
        let sleep = |span: Duration| -> Sleep {
            let clock = clock.clone();
            Box::pin(async move { clock.sleep(span).await })
        };
        // Streams that were opened together do not end together.
        let spread = Duration::from_millis(u64::from_le_bytes(crate::vault::random()) % 60_000);
        let subscription = shared.engine.events().subscribe();
        let mut events = Self {
            subscription,
            waiting: VecDeque::from([Bytes::from_static(b"retry: 2000\n\n")]),
            sent: 0,
            heartbeat: sleep(HEARTBEAT),
            end: sleep(LONGEST + spread),
            check: None,
            _place: place,
            principal,
            shared,
        };
        events.resume(last);
        Ok(events)
    }

    fn sees_all(&self) -> bool {
        self.principal.scope == Scope::All
    }

    /// Sends what was missed since the last stream, or says that it is not known.
    fn resume(&mut self, last: Option<&str>) {
        if !self.sees_all() {
            return self.resync();
        }
        let current = self.shared.engine.events().version();
        let Some(last) = last else {
            self.sent = current;
            return;
        };
        let missed = last.parse().ok().and_then(|last| self.shared.engine.events().since(last));
        match missed {
            Some(missed) if missed.len() <= 256 => {
                self.sent = last.parse().unwrap_or(current);
                missed.iter().for_each(|event| self.tell(event));
            }
            _ => self.resync(),
        }
    }

    fn resync(&mut self) {
        let version = self.shared.engine.events().version();
        self.sent = self.sent.max(version);
        self.shared.engine.metrics().resynced();
        let shown = if self.sees_all() { version } else { 0 };
        self.push(&Told::Resync { version: shown });
    }

    fn tell(&mut self, event: &Event) {
        if event.version <= self.sent {
            return;
        }
        self.sent = event.version;
        if visible(&self.principal.scope, event) {
            let version = if self.sees_all() { event.version } else { 0 };
            told(event, version, self.shared.now()).iter().for_each(|told| self.push(told));
        }
    }

    fn push(&mut self, told: &Told<'_>) {
        // JSON has no line breaks of its own, so one `data` line holds it.
        let data = serde_json::to_string(told).unwrap_or_default();
        let id = if self.sees_all() { format!("id: {}\n", self.sent) } else { String::new() };
        self.waiting.push_back(format!("event: {}\n{id}data: {data}\n\n", told.name()).into());
    }

    fn start_check(&mut self) {
        let (shared, principal) = (self.shared.clone(), self.principal.clone());
        self.check = Some(Box::pin(async move { shared.still_holds(&principal).await }));
    }
}

impl Stream for Events {
    type Item = Result<Bytes, std::convert::Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                return Poll::Ready(Some(Ok(bytes)));
            }
            if self.end.poll_unpin(context).is_ready() {
                return Poll::Ready(None);
            }
            if let Some(check) = &mut self.check
                && let Poll::Ready(holds) = check.poll_unpin(context)
            {
                self.check = None;
                if !holds {
                    return Poll::Ready(None);
                }
            }
            match self.subscription.poll_next_unpin(context) {
                Poll::Ready(Some(Notice::Event(event))) => {
                    self.tell(&event);
                    continue;
                }
                Poll::Ready(Some(Notice::Resync)) => {
                    self.resync();
                    continue;
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {}
            }
            if self.heartbeat.poll_unpin(context).is_ready() {
                let clock = self.shared.engine.clock().clone();
                self.heartbeat = Box::pin(async move { clock.sleep(HEARTBEAT).await });
                self.waiting.push_back(Bytes::from_static(b": still here\n\n"));
                self.start_check();
                continue;
            }
            return Poll::Pending;
        }
    }
}

/// One of the places that a process has for streams.
struct Place(Shared);

impl Place {
    fn take(shared: &Shared) -> Result<Self> {
        if shared.streams.fetch_add(1, Ordering::AcqRel) >= STREAMS {
            shared.streams.fetch_sub(1, Ordering::AcqRel);
            return Err(Error::StreamsBusy.into());
        }
        Ok(Self(shared.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::AcqRel);
    }
}

/// How many streams are open.
pub(super) type Streams = AtomicUsize;
