//! Carries one call: waits its turn, sends it, tries again where that may help, and sorts what came back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use scheduler_core::domain::{Connection, ErrorKind, RunError, Timestamp};
use scheduler_core::ports::{Clock, HttpClient, HttpError, HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use crate::config::{CallReport, Config, bearer};
use crate::throttle::asked_to_wait;
use crate::wire::{Call, Unreadable, complaint};

const ATTEMPTS: u32 = 4;
const MAX_BODY: usize = 32 << 20;

/// Speaks for one tenant during one run.
pub(crate) struct Caller {
    http: Arc<dyn HttpClient>,
    config: Config,
    clock: Arc<dyn Clock>,
    base: String,
    bearer: String,
    key: Arc<str>,
    deadline: Duration,
    seed: String,
    sent: AtomicU64,
}

/// Why a call has no answer.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// In words fit for an operator.
    pub error: RunError,
    /// When the upstream wants to be asked again.
    pub retry_at: Option<Timestamp>,
}

/// An answer that means something to the sweep.
#[derive(Debug)]
pub(crate) enum Answer {
    /// 200 with a body; the body may still be unreadable.
    Found(Bytes),
    /// 204: there is nothing.
    Nothing,
    /// 404: there is no such record, or it has no such leaf.
    Missing,
    /// 416: past the end of the list.
    PastEnd,
    /// 403 or 412: the key or the plan does not include it.
    NotEntitled,
    /// 400: the request can not be answered.
    Refused(Failure),
}

impl Caller {
    /// Prepares to speak for a tenant; `seed` spreads the waits of its retries.
    pub(crate) fn new(
        http: Arc<dyn HttpClient>,
        config: Config,
        connection: &Connection,
        clock: Arc<dyn Clock>,
        deadline: Duration,
        seed: String,
    ) -> Result<Self, RunError> {
        let (base, bearer) = (config.base_for(connection)?, bearer(connection)?);
        let key = connection.fingerprint.clone();
        Ok(Self { http, config, clock, base, bearer, key, deadline, seed, sent: AtomicU64::new(0) })
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The address that requests go to.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Carries `call`. Reads and searches only, so that trying again is safe.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer, Failure> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (failure, wait) = match self.send_once(call).await? {
                Ok(answer) => match self.sort(call, answer)? {
                    Sorted::Answer(answer) => return Ok(answer),
                    Sorted::Again(failure, wait) => (failure, wait),
                },
                Err(error) => self.sort_error(call, &error)?,
            };
            if attempt >= ATTEMPTS {
                return Err(failure);
            }
            // A wait that was asked for is kept by the limiter, for every request of the key.
            if wait.is_none() {
                let pause = self.jitter(attempt);
                if self.clock.monotonic() + pause >= self.deadline {
                    return Err(failure);
                }
                self.clock.sleep(pause).await;
            }
        }
    }

    async fn send_once(&self, call: &Call) -> Result<Result<HttpResponse, HttpError>, Failure> {
        let permit = self.config.limiter.acquire(&self.key, &*self.clock, self.deadline).await;
        let started = self.clock.monotonic();
        let _permit = permit.map_err(|held| {
            let retry_at = self.clock.now() + held.until.saturating_sub(started);
            let message = format!("AccuLynx asks to wait until {}, past the end of this run", retry_at.iso());
            Failure { error: RunError::new(ErrorKind::RateLimited, &message), retry_at: Some(retry_at) }
        })?;
        let timeout = self.config.timeout.min(self.deadline.saturating_sub(started));
        if timeout.is_zero() {
            return Err(self.failure(ErrorKind::Timeout, "the run's time is over", None));
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let answer = self.http.send(self.request(call, timeout)).await;
        if let Some(observe) = &self.config.observer {
            observe(&CallReport {
                endpoint: call.endpoint,
                status: answer.as_ref().ok().map(|answer| answer.status),
                duration: self.clock.monotonic().saturating_sub(started),
            });
        }
        Ok(answer)
    }

    fn request(&self, call: &Call, timeout: Duration) -> HttpRequest {
        let mut headers =
            vec![("authorization", self.bearer.clone()), ("accept", "application/json".to_owned())];
        if call.body.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        HttpRequest {
            method: call.method,
            url: format!("{}{}", self.base, call.target),
            headers,
            body: call.body.clone().map(Bytes::from),
            timeout,
            max_body: MAX_BODY,
        }
    }

    fn sort(&self, call: &Call, answer: HttpResponse) -> Result<Sorted, Failure> {
        if answer.status != 429 {
            self.config.limiter.answered(self.clock.monotonic());
        }
        let failure = |kind, retry_at| self.answered(call, &answer, kind, retry_at);
        Ok(Sorted::Answer(match answer.status {
            204 | 205 => Answer::Nothing,
            200..=299 => Answer::Found(answer.body),
            400 => Answer::Refused(failure(ErrorKind::Protocol, None)),
            401 => return Err(failure(ErrorKind::Auth, None)),
            403 | 412 => Answer::NotEntitled,
            404 => Answer::Missing,
            416 => Answer::PastEnd,
            408 | 429 | 500..=599 => return Ok(self.put_off(&answer, failure)),
            _ => return Err(failure(ErrorKind::Protocol, None)),
        }))
    }

    /// Holds the key for as long as the answer asks; a bare 429 may mean the whole address, so it holds all.
    fn put_off(
        &self,
        answer: &HttpResponse,
        failure: impl Fn(ErrorKind, Option<Timestamp>) -> Failure,
    ) -> Sorted {
        let (now, ticks) = (self.clock.now(), self.clock.monotonic());
        let wait = match asked_to_wait(answer, now) {
            Some(wait) if answer.status == 429 || answer.status == 503 => {
                self.config.limiter.hold(&self.key, ticks + wait);
                Some(wait)
            }
            _ if answer.status == 429 => Some(self.config.limiter.pause_all(ticks).saturating_sub(ticks)),
            _ => None,
        };
        let kind = if answer.status == 429 { ErrorKind::RateLimited } else { ErrorKind::Transient };
        Sorted::Again(failure(kind, wait.map(|wait| now + wait)), wait)
    }

    fn sort_error(&self, call: &Call, error: &HttpError) -> Result<(Failure, Option<Duration>), Failure> {
        let kind = match error {
            HttpError::Connect(_) | HttpError::Timeout | HttpError::Broken(_) => ErrorKind::Transient,
            HttpError::TooLong(_) => ErrorKind::Protocol,
            HttpError::Address(_) => ErrorKind::Config,
        };
        let failure = self.failure(kind, &format!("{}: {error}", call.endpoint), None);
        if kind == ErrorKind::Transient { Ok((failure, None)) } else { Err(failure) }
    }

    fn answered(
        &self,
        call: &Call,
        answer: &HttpResponse,
        kind: ErrorKind,
        retry_at: Option<Timestamp>,
    ) -> Failure {
        let said = complaint(&answer.body).map(|said| format!(": {said}")).unwrap_or_default();
        let message = match answer.status {
            401 => format!("AccuLynx refuses the API key (401){said}"),
            429 => format!("AccuLynx asks to slow down (429){said}"),
            status => format!("{} answered {status}{said}", call.endpoint),
        };
        self.failure(kind, &message, retry_at)
    }

    /// A failure whose message can not hold the key, whoever wrote it.
    fn failure(&self, kind: ErrorKind, message: &str, retry_at: Option<Timestamp>) -> Failure {
        let key = self.bearer.trim_start_matches("Bearer ");
        Failure { error: RunError::new(kind, &message.replace(key, "…")), retry_at }
    }

    /// The failure of an answer with a good status that can not be read.
    pub(crate) fn unreadable(&self, call: &Call, problem: Unreadable) -> Failure {
        self.broke_contract(call, &problem.to_string())
    }

    /// The failure of an upstream that breaks its own contract.
    pub(crate) fn broke_contract(&self, call: &Call, problem: &str) -> Failure {
        self.failure(ErrorKind::Protocol, &format!("{} {problem}", call.endpoint), None)
    }

    /// The failure of a list that the run can not do without.
    pub(crate) fn needed(&self, call: &Call, answer: &Answer) -> Failure {
        let (kind, problem) = match answer {
            Answer::Refused(failure) => return failure.clone(),
            Answer::NotEntitled => (ErrorKind::Auth, "is not open to this API key (403)"),
            Answer::Missing => (ErrorKind::Protocol, "answered 404"),
            Answer::Nothing => (ErrorKind::Protocol, "answered 204 where a list is due"),
            Answer::PastEnd | Answer::Found(_) => (ErrorKind::Protocol, "answered out of turn"),
        };
        self.failure(kind, &format!("{} {problem}", call.endpoint), None)
    }

    /// Full jitter: anything up to 1 s, 2 s, 4 s; always the same for the same run and request.
    fn jitter(&self, attempt: u32) -> Duration {
        let digest = Sha256::digest(format!("{}/{}/{attempt}", self.seed, self.sent()));
        let part = u64::from(u16::from_be_bytes([digest[0], digest[1]]));
        Duration::from_millis((1000 << (attempt - 1)) * part / u64::from(u16::MAX))
    }
}

enum Sorted {
    Answer(Answer),
    Again(Failure, Option<Duration>),
}
