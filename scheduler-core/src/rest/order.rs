//! A request that changes something: who, what, under which condition, and what it was answered before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use super::Surface;
use super::access::Grant;
use super::call::Call;
use super::fields::Fields;
use super::front::{PROBLEM, request_id};
use super::problem::{Error, Result};
use super::reply::Reply;
use crate::domain::{Answer, Caller, Key, Record};
use crate::machine::{Command, Outcome};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// The longest body, but for bulk commands.
const BODY: usize = 64 * 1024;

/// So much of a body that is too long is read and thrown away: a client that still sends would else find the
/// connection broken before it finds the refusal.
const DISCARDED: usize = 4 * 1024 * 1024;

/// A request that changes something, by a caller that may.
pub(super) struct Order {
    pub(super) fields: Fields,
    caller: Caller,
    /// The revision that the caller expects.
    guard: Option<u64>,
    request_id: Arc<str>,
    ticket: Option<Ticket>,
}

/// The right to answer a request under its idempotency key; one at a time.
struct Ticket {
    name: Arc<str>,
    request: [u8; 32],
    _turn: futures::lock::OwnedMutexGuard<()>,
}

impl Call {
    /// Reads what is to be changed.
    pub(super) async fn order(&mut self, grant: &dyn Grant) -> Result<Order> {
        self.order_up_to(BODY, grant).await
    }

    /// Reads what is to be changed out of a body of at most `limit` bytes.
    pub(super) async fn order_up_to(&mut self, limit: usize, grant: &dyn Grant) -> Result<Order> {
        let bytes = self.read(limit).await?;
        let Self { shared, parts, .. } = self;
        let guard = if_match(&parts.headers)?;
        let ticket = match idempotency_key(&parts.headers)? {
            None => None,
            Some(key) => {
                let name: Arc<str> = format!("{}\n{key}", grant.principal().id).into();
                let request = fingerprint(parts, grant.tenant().map(|tenant| tenant.as_str()), &bytes);
                let turn = shared.turns.wait_for(&name).await;
                if let Some(answer) = shared.answered(&name, &request).await? {
                    return Err(Error::Replayed(Box::new(answer)).into());
                }
                Some(Ticket { name, request, _turn: turn })
            }
        };
        let (fields, request_id) = (Fields::parse(&bytes)?, request_id(&parts.headers));
        Ok(Order { fields, caller: grant.caller().clone(), guard, request_id, ticket })
    }

    /// Reads the fields of a body that anybody may send.
    pub(super) async fn fields(&mut self) -> Result<Fields> {
        Fields::parse(&self.read(BODY).await?)
    }
}

impl Order {
    /// Refuses fields that nobody has read.
    pub(super) fn finish(&mut self) -> Result<()> {
        std::mem::take(&mut self.fields).done()
    }

    /// The answer as it is stored with the change, if the request carried a key.
    pub(super) fn answer(&self, surface: &Surface, reply: &Reply) -> Option<Answer> {
        let ticket = self.ticket.as_ref()?;
        Some(Answer {
            name: ticket.name.clone(),
            request: ticket.request,
            status: reply.status.as_u16(),
            body: reply.body.as_str().into(),
            expires: surface.engine.clock().now() + KEPT,
        })
    }

    /// Carries out a command, and answers in the same commit.
    pub(super) async fn carry_out(
        &self,
        surface: &Surface,
        key: &Key,
        ask: &(dyn Fn(&Record) -> Result<Command> + Send + Sync),
        reply: &(dyn Fn(&Outcome) -> Reply + Send + Sync),
    ) -> Result<Response> {
        let (_, reply) = self.outcome(surface, key, ask, reply).await?;
        Ok(reply.into_response())
    }

    /// Carries out a command, answers in the same commit, and gives back what became of it.
    pub(super) async fn outcome(
        &self,
        surface: &Surface,
        key: &Key,
        ask: &(dyn Fn(&Record) -> Result<Command> + Send + Sync),
        reply: &(dyn Fn(&Outcome) -> Reply + Send + Sync),
    ) -> Result<(Outcome, Reply)> {
        let answer = |outcome: &Outcome| self.answer(surface, &reply(outcome));
        let done = surface.engine.command(key, &self.caller, self.guard, ask, answer).await;
        match done {
            Ok(outcome) => {
                let reply = reply(&outcome);
                Ok((outcome, reply))
            }
            Err(error) => Err(self.remember(surface, error).await),
        }
    }

    /// Stores a refusal as the answer, so that a repeated request is not carried out after all.
    ///
    /// If another process was faster, its answer is this request's, too.
    pub(super) async fn remember(&self, surface: &Surface, error: Box<Error>) -> Box<Error> {
        if matches!(*error, Error::Answered) {
            return self.answer_of_another(surface).await;
        }
        if error.is_final() {
            let body = error.body(&self.request_id);
            let reply = Reply { status: error.status(), body, revision: None };
            if let Some(answer) = self.answer(surface, &reply) {
                let now = surface.engine.clock().now();
                match surface.engine.store().put_answer(answer, Some(now)).await {
                    Ok(true) => {}
                    Ok(false) => return self.answer_of_another(surface).await,
                    Err(cause) => tracing::warn!(%cause, "an answer could not be kept"),
                }
            }
        }
        error
    }

    async fn answer_of_another(&self, surface: &Surface) -> Box<Error> {
        let Some(ticket) = &self.ticket else { return Error::Answered.into() };
        match surface.answered(&ticket.name, &ticket.request).await {
            Ok(Some(answer)) => Error::Replayed(Box::new(answer)).into(),
            Ok(None) => Error::Answered.into(),
            Err(error) => error,
        }
    }

    /// Stores an answer that belongs to no change, or replaces the one that was stored with it.
    pub(super) async fn keep(&self, surface: &Surface, reply: &Reply) -> Result<()> {
        if let Some(answer) = self.answer(surface, reply) {
            surface.engine.store().put_answer(answer, None).await?;
        }
        Ok(())
    }
}

impl Surface {
    /// The first answer to the request of that name.
    async fn answered(&self, name: &str, request: &[u8; 32]) -> Result<Option<Answer>> {
        let now = self.engine.clock().now();
        let Some(answer) = self.engine.store().answer(name, now).await? else { return Ok(None) };
        if answer.request != *request {
            return Err(Error::IdempotencyMismatch.into());
        }
        let Some(sealed) = answer.body.strip_prefix("sealed:") else { return Ok(Some(answer)) };
        let opened = self.vault.open(name, sealed).and_then(|text| String::from_utf8(text).ok());
        let body = opened.ok_or(Error::Internal)?.into();
        Ok(Some(Answer { body, ..answer }))
    }

    /// Hides an answer that holds a secret.
    pub(super) fn sealed(&self, answer: Answer) -> Answer {
        let sealed = self.vault.seal(&answer.name, answer.body.as_bytes());
        Answer { body: format!("sealed:{sealed}").into(), ..answer }
    }
}

/// The answer to a repeated request.
pub(super) fn replay(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let problem = answer.body.starts_with("{\"ok\":false,\"type\":");
    let mut response = Reply { status, body: answer.body.to_string(), revision: None }.into_response();
    if problem {
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

impl Call {
    async fn read(&mut self, limit: usize) -> Result<Vec<u8>> {
        let Self { parts: Parts { headers, .. }, body, .. } = self;
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if length.is_some_and(|length| length > (limit + DISCARDED) as u64) {
            return Err(Error::TooLarge { limit }.into());
        }
        let (mut bytes, mut taken) = (Vec::new(), 0);
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(if taken > limit { Error::TooLarge { limit } } else { Error::BodyBroken }.into());
            };
            let Ok(data) = frame.into_data() else { continue };
            taken += data.len();
            match taken {
                taken if taken > limit + DISCARDED => break,
                taken if taken > limit => bytes = Vec::new(),
                _ => bytes.extend_from_slice(&data),
            }
        }
        if taken > limit {
            return Err(Error::TooLarge { limit }.into());
        }
        let json = match headers.get(header::CONTENT_TYPE) {
            None => true,
            Some(kind) => {
                let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
                let kind = kind.to_ascii_lowercase();
                kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
            }
        };
        if !json && !bytes.is_empty() {
            return Err(Error::MediaType.into());
        }
        Ok(bytes)
    }
}

fn if_match(headers: &HeaderMap) -> Result<Option<u64>> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or("?").trim();
    if text == "*" {
        return Ok(None);
    }
    let bare = text.strip_prefix("W/").unwrap_or(text);
    let bare = bare.strip_prefix('"').and_then(|bare| bare.strip_suffix('"')).unwrap_or(bare);
    let digits = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
    let problem = "must be a revision, such as \"7\"";
    let revision = bare.parse().ok().filter(|_| digits);
    Ok(Some(revision.ok_or(Error::Header { header: "if-match", problem })?))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let problem = "must be 1 to 255 printable characters";
    Ok(Some(key.ok_or(Error::Header { header: "idempotency-key", problem })?))
}

/// Tells requests apart: method, address, tenant, body.
fn fingerprint(parts: &Parts, tenant: Option<&str>, body: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let address = parts.uri.path_and_query().map_or("", |address| address.as_str());
    for part in [parts.method.as_str(), address, tenant.unwrap_or("")] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(body);
    hash.finalize().into()
}

/// Lets requests of one idempotency key through one at a time.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Arc<str>, Arc<futures::lock::Mutex<()>>>>);

impl Turns {
    async fn wait_for(&self, name: &Arc<str>) -> futures::lock::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Whoever has or awaits a turn holds a copy; the others are over.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(name.clone()).or_default().clone()
        };
        turn.lock_owned().await
    }
}
