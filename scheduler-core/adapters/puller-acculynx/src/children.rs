//! What hangs off a job: one request each, so only for jobs that changed, and within a budget.

use scheduler_core::domain::Timestamp;
use serde_json::Value;

use crate::caller::{Answer, Failure};
use crate::cursor::Step;
use crate::lists::List;
use crate::run::{Kind, Run, Stop};
use crate::wire::{Call, Entry, PAGE, Unreadable, read_page, read_record};

const FINANCIALS: Kind = Kind { entity: "financials", stamps: &[] };
const REPRESENTATIVES: Kind = Kind { entity: "representatives", stamps: &[] };
const INVOICES: Kind = Kind { entity: "invoices", stamps: &["createdDate"] };
const ESTIMATES: Kind = Kind { entity: "estimates", stamps: &["modifiedDate", "createdDate"] };

/// In the order of their worth.
const LEAVES: [(Kind, &str); 4] = [
    (FINANCIALS, "/jobs/{id}/financials"),
    (REPRESENTATIVES, "/jobs/{id}/representatives"),
    (INVOICES, "/jobs/{id}/invoices"),
    (ESTIMATES, "/jobs/{id}/estimates"),
];
/// How many jobs the walk over all of them takes up at a time.
const STRIDE: usize = 50;

impl Run {
    /// Reads the children of queued jobs, then of all jobs if that is due, until the budget is spent.
    pub(crate) async fn read_children(&mut self) -> Result<(), Stop> {
        let budget = self.caller.sent() + self.config.child_requests;
        self.edge(Step::Children, 0, self.window)?;
        if self.full && self.cursor.all_jobs.is_some() {
            // A child may change without touching its job: once in a while every job is looked at.
            self.cursor.walk.get_or_insert_default();
        }
        while self.caller.sent() < budget && !self.is_late() {
            let Some(job) = self.cursor.queue.front().cloned() else { break };
            self.read_job_children(&job).await?;
            self.cursor.queue.pop_front();
        }
        while self.caller.sent() < budget && !self.is_late() {
            let Some(after) = self.cursor.walk.clone() else { break };
            let last = Some(after.as_str()).filter(|after| !after.is_empty());
            let jobs = self.context.sink.unseen(&"jobs".into(), Timestamp::MAX, last, STRIDE).await?;
            if jobs.is_empty() {
                self.cursor.walk = None;
            }
            for job in jobs {
                if self.caller.sent() >= budget || self.is_late() {
                    break;
                }
                self.read_job_children(&job.external_id).await?;
                self.cursor.walk = Some(job.external_id.to_string());
            }
        }
        Ok(())
    }

    async fn read_job_children(&mut self, job: &str) -> Result<(), Stop> {
        let answers =
            futures::future::try_join_all(LEAVES.map(|(_, leaf)| self.read_leaf(leaf, job))).await?;
        for ((kind, leaf), answer) in LEAVES.into_iter().zip(answers) {
            let call = leaf_call(leaf, job, 0);
            let unreadable = |run: &Self, why: Unreadable| run.caller.unreadable(&call, why);
            let entries = match answer {
                Answer::Found(body) if kind.entity == FINANCIALS.entity => {
                    vec![read_record(&body).map_err(|why| unreadable(self, why))?]
                }
                Answer::Found(body) => read_page(&body).map_err(|why| unreadable(self, why))?.entries,
                Answer::Nothing | Answer::Missing | Answer::PastEnd => Vec::new(),
                Answer::NotEntitled => {
                    self.close(leaf);
                    Vec::new()
                }
                Answer::Refused(failure) => return Err(failure.into()),
            };
            let full = entries.len() >= PAGE;
            let entries =
                if kind.entity == ESTIMATES.entity { self.estimates(entries).await? } else { entries };
            let entries = entries.into_iter().map(|entry| named(kind, job, entry)).collect();
            self.keep(kind, entries).await?;
            if full {
                self.read_long_leaf(kind, leaf, job).await?;
            }
        }
        Ok(())
    }

    async fn read_leaf(&self, leaf: &'static str, job: &str) -> Result<Answer, Failure> {
        if self.closed.contains(leaf) {
            return Ok(Answer::Nothing);
        }
        self.caller.send(&leaf_call(leaf, job, 0)).await
    }

    /// The rest of a leaf that fills a page. Rare: a job has a handful of each.
    async fn read_long_leaf(&mut self, kind: Kind, leaf: &'static str, job: &str) -> Result<(), Stop> {
        let list = List { kind, endpoint: leaf, query: "" };
        let request = |start| leaf_call(leaf, job, start);
        self.sweep_pages(list, leaf, &request, None, None, 0).await
    }

    /// The estimates that a job's stubs point at.
    async fn estimates(&mut self, stubs: Vec<Entry>) -> Result<Vec<Entry>, Stop> {
        let mut estimates = Vec::with_capacity(stubs.len());
        for stub in stubs {
            let Some(id) = &stub.id else {
                estimates.push(stub);
                continue;
            };
            let mut call = Call::leaf("/estimates/{id}", id);
            call.target.push_str("?includes=createdBy,modifiedBy,sections,job");
            match self.caller.send(&call).await? {
                Answer::Found(body) => {
                    estimates.push(read_record(&body).map_err(|why| self.caller.unreadable(&call, why))?);
                }
                Answer::Refused(failure) => return Err(failure.into()),
                _ => estimates.push(stub),
            }
        }
        Ok(estimates)
    }
}

fn leaf_call(leaf: &'static str, job: &str, start: u64) -> Call {
    let mut call = Call::leaf(leaf, job);
    if leaf != LEAVES[0].1 {
        call.target.push_str(&format!("?pageSize={PAGE}&pageStartIndex={start}"));
    }
    call
}

/// Adds the job to what its leaf says, and takes the name that stays: that of financials is the job's, a
/// representative's id changes with every assignment.
fn named(kind: Kind, job: &str, mut entry: Entry) -> Entry {
    if let Value::Object(fields) = &mut entry.value {
        fields.entry("jobId").or_insert_with(|| job.into());
    }
    if kind.entity == FINANCIALS.entity {
        entry.id = Some(job.to_owned());
    }
    if kind.entity == REPRESENTATIVES.entity {
        let part = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let user = part(entry.value.pointer("/user/id"));
        let role = part(entry.value.get("type"));
        entry.id = user.map(|user| format!("{job}:{}:{user}", role.unwrap_or_default())).or(entry.id);
        if let (Value::Object(fields), Some(_)) = (&mut entry.value, &entry.id) {
            fields.remove("id");
        }
    }
    if let Ok(raw) = serde_json::value::to_raw_value(&entry.value) {
        entry.raw = raw;
    }
    entry
}
