//! The one handler behind every event.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures::future::join_all;
use lambda_runtime::{Context, Error, LambdaEvent};
use scheduler_core::domain::{AuditDraft, Caller, Key, Operation, Record, Role, Scope, Via, Write};
use scheduler_core::engine::{Budget, CommandError, Engine};
use scheduler_core::machine::Command;
use scheduler_core::rest;
use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use traces_otlp::Traces;

use crate::background::{Background, MARGIN};
use crate::event::{Event, NewToken};
use crate::parts::Parts;
use crate::queue::{self, Queue};
use crate::settings::{self, Settings};
use crate::{emf, web};

/// Nothing is claimed when an invocation has less time left than this.
const LAST_CLAIM: Duration = Duration::from_secs(10);
/// Where requests only read, what they count is written down this often.
const SAVED: Duration = Duration::from_secs(15);
/// The time of an invocation whose deadline is not known, as under some emulators.
const UNKNOWN: Duration = Duration::from_secs(50);
/// Schedules that one tick hands to the workers at the most; the next tick hands over more.
const HANDED_OVER: usize = 10_000;

/// What a tick did.
#[derive(Debug, Serialize)]
pub struct TickAnswer {
    /// Runs that were started.
    pub claimed: u64,
    /// Runs that went well.
    pub succeeded: u64,
    /// Runs that did not.
    pub failed: u64,
    /// Schedules that are still due.
    pub remaining_due: u64,
    /// Schedules that were handed to the workers.
    pub queued: u64,
}

/// A function of one role: what its environment keeps from one invocation to the next.
pub struct Function {
    settings: Settings,
    background: Arc<Background>,
    parts: OnceCell<Parts>,
    queue: Option<Queue>,
    traces: Option<Traces>,
    /// Whether more than a page was read since counters were written down.
    busy: AtomicBool,
}

impl Function {
    /// A function that opens its parts at its first invocation: starting takes no time. Its spans go to `traces`.
    pub fn new(settings: Settings, traces: Option<Traces>) -> Self {
        let queue = settings.queue_url.clone().map(|url| Queue::new(crate::parts::sqs(), url));
        Self {
            settings,
            background: Arc::default(),
            parts: OnceCell::new(),
            queue,
            traces,
            busy: AtomicBool::new(true),
        }
    }

    /// A function on parts that are given, whose runs go on in `background`.
    pub fn on(settings: Settings, parts: Parts, background: Arc<Background>) -> Self {
        Self { background, parts: OnceCell::from(parts), ..Self::new(settings, None) }
    }

    /// Waits until what was begun has ended, and writes down what was counted and seen.
    pub async fn settle(&self) {
        self.background.settled().await;
        if let Some(traces) = &self.traces {
            traces.flush().await;
        }
        let Some(parts) = self.parts.get() else { return };
        let pause = if self.busy.swap(false, Ordering::Relaxed) { Duration::ZERO } else { SAVED };
        if let Err(error) = parts.engine.save_counts(pause).await {
            tracing::warn!(%error, "counters could not be written down");
        }
    }

    /// Writes down what was counted, before the environment goes.
    pub async fn close(&self) {
        self.busy.store(true, Ordering::Relaxed);
        self.settle().await;
    }

    /// Handles an invocation.
    ///
    /// # Errors
    ///
    /// When the event is not for this function's role, or the store fails. Failures of a run are no errors:
    /// they are in its history.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Error> {
        let (payload, context) = event.into_parts();
        let event = Event::read(&payload)?;
        let role = match &event {
            Event::Http(_) | Event::Token(_) => settings::Role::Api,
            Event::Tick => settings::Role::Tick,
            Event::Queue(_) => settings::Role::Worker,
        };
        if !self.settings.role.covers(role) {
            return Err("unsupported event for this role".into());
        }
        let left = time_left(&context);
        self.background.begin(Instant::now() + left);
        // What could not be opened is tried again by the next invocation.
        let open = || Parts::open(&self.settings, self.background.clone(), self.traces.as_ref());
        let parts = self.parts.get_or_try_init(open).await?;
        let engine = &*parts.engine;
        let reads = matches!(&event, Event::Http(request) if web::reads(request));
        if !reads {
            self.busy.store(true, Ordering::Relaxed);
        }
        let answer = match event {
            Event::Http(request) => to_raw_value(&web::answer(&parts.router, *request, context).await?)?,
            Event::Token(wanted) => to_raw_value(&json!({ "secret": first_token(engine, wanted).await? }))?,
            Event::Tick => to_raw_value(&self.tick(engine, left).await?)?,
            Event::Queue(event) => to_raw_value(&work(engine, event, left).await)?,
        };
        Ok(answer)
    }

    /// Runs what is due, or hands it to the workers.
    async fn tick(&self, engine: &Engine, left: Duration) -> Result<TickAnswer, Error> {
        let answer = match &self.queue {
            None => {
                let report = engine.tick(budget(left)).await?;
                let (claimed, succeeded, failed) = (report.claimed, report.succeeded, report.failed);
                TickAnswer { claimed, succeeded, failed, remaining_due: report.remaining_due, queued: 0 }
            }
            Some(queue) => {
                let due = engine.store().due(engine.clock().now(), HANDED_OVER).await?;
                // Bulk commands walk over all schedules, which workers may not: the tick takes their steps.
                let (bulks, keys): (Vec<Key>, Vec<Key>) =
                    due.iter().map(|record| record.key.clone()).partition(Key::is_system);
                let queued = queue.send(&keys).await;
                for bulk in bulks {
                    engine.tick_one(&bulk, budget(left)).await?;
                }
                let remaining_due = keys.len() as u64 - queued;
                TickAnswer { claimed: 0, succeeded: 0, failed: 0, remaining_due, queued }
            }
        };
        let count = |name, value: u64| (name, "Count", value as f64);
        let values = [
            count("RunsClaimed", answer.claimed),
            count("RunsSucceeded", answer.succeeded),
            count("RunsFailed", answer.failed),
            count("SlotsQueued", answer.queued),
            count("SchedulesLeftDue", answer.remaining_due),
        ];
        emf::tell(&self.settings.name, engine.clock().now(), &values);
        Ok(answer)
    }
}

/// Until when an invocation may claim, and until when it may run.
fn budget(left: Duration) -> Budget {
    let (claims, time) = (left.saturating_sub(LAST_CLAIM), left.saturating_sub(MARGIN));
    Budget { claims, time, ..Budget::default() }
}

/// How much of the invocation's time is left, by the machine's clock.
#[expect(clippy::disallowed_methods, reason = "AWS gives the deadline by the wall clock")]
fn time_left(context: &Context) -> Duration {
    let left = context.deadline().duration_since(SystemTime::now());
    left.ok().filter(|left| !left.is_zero()).unwrap_or(UNKNOWN)
}

/// Runs the schedules that the messages name, if they are due, side by side.
async fn work(engine: &Engine, event: SqsEvent, left: Duration) -> SqsBatchResponse {
    let failed = join_all(event.records.into_iter().map(|message| async move {
        match serve(engine, &message, left).await {
            Ok(()) => None,
            Err(problem) => {
                tracing::error!(message_id = message.message_id, problem, "a message was not served");
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = message.message_id.unwrap_or_default();
                Some(failure)
            }
        }
    }))
    .await;
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failed.into_iter().flatten().collect();
    response
}

async fn serve(engine: &Engine, message: &SqsMessage, left: Duration) -> Result<(), String> {
    let body = message.body.as_deref().unwrap_or_default();
    let key = queue::read(body).ok_or("it names no schedule")?;
    match engine.tick_one(&key, budget(left)).await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Makes a token for whoever may invoke the function: that is how the first one comes about.
async fn first_token(engine: &Engine, wanted: NewToken) -> Result<String, CommandError> {
    let (token, secret) = rest::mint(&wanted.name, wanted.role, Scope::All, engine.clock().now(), None);
    let caller = Caller { actor: "lambda invoke".into(), role: Role::Admin, via: Via::Cli, request_id: None };
    let particulars = json!({ "created": token.id, "token_role": token.role, "scope": token.scope });
    let ask = |_: &Record| {
        let note =
            AuditDraft { metadata: particulars.clone().into(), ..AuditDraft::new(Operation::Token, &caller) };
        let writes = vec![Write::Token(Box::new(token.clone()))];
        Ok::<_, CommandError>(Command::Note { draft: Box::new(note), writes })
    };
    engine.command(&Key::system(), &caller, None, ask, |_| None).await?;
    Ok(secret.expose().to_owned())
}
