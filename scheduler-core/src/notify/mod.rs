//! Tells a team by webhook when tenants stop being run and when they recover.
//!
//! A [`Notifier`] looks every so often at what befell tenants and posts it, one message for each kind of news
//! however many tenants it is about. It has no runtime: a host spawns [`Notifier::run`], or calls
//! [`Notifier::round`] after a tick. The engine never waits for it.

mod webhook;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::backoff;
use crate::domain::{Key, RetryPolicy};
use crate::engine::{Affected, Engine, News, NewsItem};
use crate::metrics::Delivery;
use crate::ports::{HttpClient, StoreError};
use crate::vault::random;

pub use webhook::{Webhook, WebhookError};

/// How often a message is tried, over about two minutes.
const TRIES: RetryPolicy = RetryPolicy { max_attempts: 6, base_sec: 4, max_sec: 60 };

/// What is posted.
#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    data: &'a NewsItem,
}

/// Tells one webhook of one engine's tenants.
pub struct Notifier {
    engine: Arc<Engine>,
    http: Arc<dyn HttpClient>,
    webhook: Webhook,
    silent: BTreeSet<Key>,
}

impl Notifier {
    /// Tells `webhook`, by way of `http`, which must not follow redirects.
    pub fn new(engine: Arc<Engine>, http: Arc<dyn HttpClient>, webhook: Webhook) -> Self {
        Self { engine, http, webhook, silent: BTreeSet::new() }
    }

    /// Goes round for ever.
    pub async fn run(mut self, every: Duration) {
        loop {
            self.engine.clock().sleep(every).await;
            self.round().await;
        }
    }

    /// Tells what befell tenants since the last round. Returns once it is told or given up.
    pub async fn round(&mut self) {
        let mut news = self.engine.take_news();
        if let Err(error) = self.look_for_silence(&mut news).await {
            tracing::warn!(target: "acculynx-scheduler", %error, "could not look for silent tenants");
        }
        for (kind, item) in [
            ("tenants.auto_paused", &news.paused),
            ("tenants.missed_runs", &news.missed),
            ("tenants.recovered", &news.recovered),
        ] {
            if item.count > 0 {
                self.tell(kind, item).await;
            }
        }
    }

    /// Finds those that are newly overdue, and those that no longer are.
    async fn look_for_silence(&mut self, news: &mut News) -> Result<(), StoreError> {
        let now = self.engine.clock().now();
        let silent = self.engine.silent().await?;
        for (key, since) in silent.iter().filter(|(key, _)| !self.silent.contains(key)) {
            news.missed.add(Affected::new(key, *since, "overdue: scheduled but not running"));
        }
        let silent: BTreeSet<Key> = silent.into_iter().map(|(key, _)| key).collect();
        for key in self.silent.difference(&silent) {
            // One that was paused or deleted is silent on purpose.
            let record = self.engine.store().load(key).await?;
            if record.is_some_and(|record| record.schedule.as_ref().is_some_and(|one| one.pause.is_none())) {
                news.recovered.add(Affected::new(key, now, "it runs again"));
            }
        }
        self.silent = silent;
        Ok(())
    }

    /// Posts a message until it is taken, refused for good, or has been tried often enough.
    async fn tell(&self, kind: &str, item: &NewsItem) {
        let clock = self.engine.clock();
        let id: String = random::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let message = Message { kind, timestamp: clock.now().iso(), data: item };
        let body: Arc<[u8]> = serde_json::to_vec(&message).unwrap_or_default().into();
        let metrics = self.engine.metrics();
        for attempt in 1..=TRIES.max_attempts {
            let problem = match self.http.send(self.webhook.request(&id, &body, clock.now())).await {
                Ok(answer) if (200..300).contains(&answer.status) => {
                    metrics.notified(Delivery::Sent);
                    tracing::info!(target: "acculynx-scheduler", kind, tenants = item.count, "notified");
                    return;
                }
                Ok(answer) if is_final(answer.status) => {
                    self.give_up(kind, &format!("it answered {}", answer.status));
                    return;
                }
                Ok(answer) => format!("it answered {}", answer.status),
                Err(error) => error.to_string(),
            };
            if attempt == TRIES.max_attempts {
                return self.give_up(kind, &problem);
            }
            metrics.notified(Delivery::Retried);
            tracing::debug!(target: "acculynx-scheduler", kind, problem, "the webhook is tried again");
            clock.sleep(backoff::wait(TRIES, attempt, u64::from_be_bytes(random()))).await;
        }
    }

    fn give_up(&self, kind: &str, problem: &str) {
        self.engine.metrics().notified(Delivery::Failed);
        tracing::error!(target: "acculynx-scheduler", kind, problem, "the webhook did not take a notification");
    }
}

/// Whether another try with the same message is of no use. A redirect is not followed.
fn is_final(status: u16) -> bool {
    (300..500).contains(&status) && !matches!(status, 408 | 425 | 429)
}
