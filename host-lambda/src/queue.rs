//! The queue between ticks and workers: one message for each schedule that is due.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::future::FutureExt;
use futures::stream::{self, StreamExt};
use scheduler_core::domain::{Key, Source, Tenant};
use serde::{Deserialize, Serialize};

/// Messages in one call, as many as SQS takes.
const BATCH: usize = 10;
/// Calls under way at one time.
const CALLS: usize = 8;

/// What a message says. It names a schedule, not a slot: whether and what is due, the worker reads itself.
#[derive(Serialize, Deserialize)]
struct Message {
    source: String,
    tenant: String,
}

/// The message of a schedule.
fn write(key: &Key) -> String {
    let message = Message { source: key.source.to_string(), tenant: key.tenant.to_string() };
    serde_json::to_string(&message).unwrap_or_default()
}

/// The schedule of a message.
pub(crate) fn read(body: &str) -> Option<Key> {
    let message: Message = serde_json::from_str(body).ok()?;
    Some(Key::new(Source::parse(&message.source).ok()?, Tenant::parse(&message.tenant).ok()?))
}

/// A queue to send to.
pub(crate) struct Queue {
    client: Client,
    url: String,
}

impl Queue {
    pub(crate) fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }

    /// Sends the messages of schedules; says how many the queue took. What it did not take is sent again by
    /// the next tick, for it is still due.
    pub(crate) async fn send(&self, keys: &[Key]) -> u64 {
        let calls: Vec<_> = keys.chunks(BATCH).map(|keys| self.send_batch(keys).boxed()).collect();
        stream::iter(calls).buffer_unordered(CALLS).fold(0, |sum, sent| async move { sum + sent }).await
    }

    async fn send_batch(&self, keys: &[Key]) -> u64 {
        let entries = keys.iter().enumerate().filter_map(|(place, key)| {
            SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(write(key))
                .build()
                .ok()
        });
        let call = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.collect()));
        match call.send().await {
            Ok(answer) => {
                for failure in answer.failed() {
                    tracing::warn!(code = failure.code(), "the queue did not take a slot");
                }
                answer.successful().len() as u64
            }
            Err(error) => {
                let error = aws_sdk_sqs::error::DisplayErrorContext(&error);
                tracing::error!(%error, "the queue took no slots");
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_a_schedule_and_nothing_else_is_one() {
        let key = Key::new(Source::parse("acculynx").unwrap(), Tenant::parse("peakpro").unwrap());

        assert_eq!(read(&write(&key)), Some(key));
        for wrong in ["", "{}", "null", r#"{"source":"acculynx","tenant":"Peak Pro"}"#] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
