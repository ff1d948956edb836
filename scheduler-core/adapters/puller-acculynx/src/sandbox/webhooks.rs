//! Webhook subscriptions, and the deliveries that they would get.

use std::collections::BTreeMap;

use scheduler_core::domain::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answer, found, missing, nothing, problem};

const TOPICS: [&str; 8] = [
    "contact_added",
    "contact_changed",
    "job_created",
    "job_updated",
    "job.contacts.primary_changed",
    "job.milestone.current_changed",
    "job.representatives.company_assigned",
    "job.representatives.company_changed",
];

/// The subscriptions of a location. Nothing is sent anywhere: deliveries are kept to be looked at.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    subscriptions: BTreeMap<String, Value>,
    deliveries: Vec<Value>,
}

impl Webhooks {
    pub(super) fn answer(
        &mut self,
        method: &str,
        path: &str,
        body: &[u8],
        now: Timestamp,
        guid: String,
    ) -> Answer {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (method, parts.as_slice()) {
            ("GET", ["topics"]) => {
                let topics: Vec<_> =
                    TOPICS.iter().map(|name| json!({"topicName": name, "description": ""})).collect();
                found(&json!({"count": topics.len(), "pageSize": 25, "pageStartIndex": 0, "items": topics}))
            }
            ("GET", ["subscriptions"]) if self.subscriptions.is_empty() => {
                problem(416, "Range Not Satisfiable", "There is no subscription")
            }
            ("GET", ["subscriptions"]) => {
                let items: Vec<_> = self.subscriptions.values().collect();
                found(&json!({"count": items.len(), "pageSize": 25, "pageStartIndex": 0, "items": items}))
            }
            ("POST", ["subscriptions"]) => self.subscribe(&body, now, guid),
            ("GET", ["subscriptions", id]) => self.subscriptions.get(*id).map_or_else(missing, found),
            ("PUT", ["subscriptions", id]) => match self.subscriptions.get_mut(*id) {
                Some(subscription) => {
                    subscription["topicNames"] = body["topicNames"].clone();
                    subscription["modifiedDate"] = json!(now.iso());
                    nothing()
                }
                None => missing(),
            },
            ("DELETE", ["subscriptions", id]) => {
                self.subscriptions.remove(*id).map_or_else(missing, |_| nothing())
            }
            ("POST", ["subscriptions", id, "test-event"]) if self.subscriptions.contains_key(*id) => {
                self.deliver(id, &body["topicName"], now, &guid);
                Answer { status: 202, ..nothing() }
            }
            _ => missing(),
        }
    }

    fn subscribe(&mut self, body: &Value, now: Timestamp, guid: String) -> Answer {
        let url = body["consumerUrl"].as_str().unwrap_or("");
        let known = |topic: &Value| TOPICS.iter().any(|name| topic == name);
        let topics =
            body["topicNames"].as_array().is_some_and(|list| !list.is_empty() && list.iter().all(known));
        if !url.starts_with("https://") || !topics {
            return problem(412, "Precondition Failed", "The consumer URL or a topic is not valid");
        }
        let subscription = json!({
            "id": guid, "consumerUrl": url, "createdDate": now.iso(), "modifiedDate": now.iso(),
            "status": "enabled", "topicNames": body["topicNames"], "integrationType": "Api",
        });
        self.subscriptions.insert(guid.clone(), subscription);
        found(&json!({"subscriptionId": guid}))
    }

    /// Twice, as happens, without a signature, and with a capital letter on one topic.
    fn deliver(&mut self, subscription: &str, topic: &Value, now: Timestamp, guid: &str) {
        let wrapper = if topic == "job.contacts.primary_changed" { "Job" } else { "job" };
        let event = json!({
            "topicName": topic, "eventDateTime": now.utc().format("%Y-%m-%dT%H:%M:%S%.6f1Z").to_string(),
            "eventId": guid, "subscriptionId": subscription, "event": {wrapper: {"id": guid}},
        });
        self.deliveries.extend([event.clone(), event]);
    }

    pub(super) fn deliveries(&self) -> &[Value] {
        &self.deliveries
    }
}
