//! Finds who answers a path, and answers the lists of a location.

use chrono::{FixedOffset, NaiveDate};
use scheduler_core::domain::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answer, Query, found, missing, problem};
use super::location::{Job, Location, mix};
use super::{BASE_PATH, WEBHOOKS_PATH};

const LARGEST_JOBS_PAGE: usize = 25;
const LARGEST_PAGE: usize = 50;
const MILESTONES_BY_DEFAULT: &str = "lead,prospect,approved,completed,invoiced,closed,cancelled";

/// What a list counts its start index in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Records,
    Pages,
}

/// What jobs refer to; some are named by numbers.
fn lookup_items(list: &str) -> Vec<Value> {
    let names: &[&str] = match list {
        "trade-types" => &["Roofing", "Siding", "Gutters"],
        "work-types" => &["Insurance", "Retail"],
        "job-categories" => &["Residential", "Commercial"],
        "lead-sources" => &["Referral", "Website"],
        _ => &[],
    };
    let entry = |(number, name): (usize, &&str)| match list {
        "work-types" | "job-categories" => json!({"id": number + 1, "name": name}),
        _ => json!({"id": format!("{list}-{number}"), "name": name}),
    };
    names.iter().enumerate().map(entry).collect()
}

impl Location {
    /// Answers a request that was let in.
    pub(super) fn answer(&mut self, method: &str, target: &str, body: &[u8], now: Timestamp) -> Answer {
        self.requests += 1;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = Query::parse(query);
        if let Some(path) = path.strip_prefix(WEBHOOKS_PATH) {
            let guid = self.guid(9, self.requests);
            return self.webhooks.answer(method, path, body, now, guid);
        }
        let Some(path) = path.strip_prefix(BASE_PATH) else { return missing() };
        if self.temper.closed.iter().any(|closed| path.contains(closed.as_str())) {
            return problem(403, "Forbidden", "The feature is not part of the plan");
        }
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match (method, parts.as_slice()) {
            ("GET", ["diagnostics", "ping"]) => found(&json!({"date": now.iso()})),
            ("GET", ["company-settings"]) => self.company(),
            ("GET", ["jobs"]) => self.jobs_page(&query, now),
            ("GET", ["jobs", id]) => self.job_detail(id),
            ("GET", ["jobs", id, leaf @ ..]) => self.job_leaf(id, leaf),
            ("GET", ["contacts"]) => self.contacts_page(&query),
            ("POST", ["contacts", "search"]) => self.contacts_search(&query, body),
            ("GET", ["contacts", id]) => self.contact_detail(id),
            ("GET", ["estimates"]) => self.estimates_page(&query),
            ("GET", ["estimates", id]) => self.estimate_detail(id),
            ("GET", ["invoices", id]) => self.invoice_detail(id),
            ("GET", ["users"]) => self.list(&query, Unit::Records, &self.user_items(), Value::clone),
            ("GET", ["supplements"]) => {
                self.list(&query, Unit::Records, &self.supplement_items(), Value::clone)
            }
            ("GET", ["company-settings", "job-file-settings" | "leads", name]) => {
                self.list(&query, Unit::Records, &lookup_items(name), Value::clone)
            }
            _ => missing(),
        }
    }

    fn company(&self) -> Answer {
        let id = if self.temper.company_id { "companyId" } else { "id" };
        let sign = if self.temper.zone_hours < 0 { '-' } else { '+' };
        let offset = format!("{sign}{:02}:00:00", self.temper.zone_hours.abs());
        found(&json!({
            id: self.guid(0, 0), "name": self.company, "hasInsurance": true,
            "timeZoneInfo": {"name": "Central Standard Time", "baseUtcOffset": offset},
        }))
    }

    fn jobs_page(&self, query: &Query, now: Timestamp) -> Answer {
        if query.number("pageSize", LARGEST_JOBS_PAGE) > LARGEST_JOBS_PAGE {
            return problem(self.temper.oversize_status, "Bad page size", "Page size is out of range");
        }
        let days = match self.days(query, now) {
            Ok(days) => days,
            Err(refusal) => return refusal,
        };
        let unassigned = query.get("assignment") == Some("unassigned");
        let milestones = query.get("milestones").unwrap_or(MILESTONES_BY_DEFAULT);
        let mut jobs: Vec<&Job> = self
            .jobs
            .iter()
            .filter(|job| job.assigned != unassigned)
            .filter(|job| milestones.split(',').any(|name| name == job.milestone.to_lowercase()))
            .filter(|job| unassigned || job.milestone != "Dead")
            .filter(|job| {
                days.is_none_or(|(from, to)| {
                    let modified = query.get("dateFilterType") == Some("ModifiedDate");
                    let day = self.local_day(if modified { job.modified } else { job.created });
                    (from..=to).contains(&day)
                })
            })
            .collect();
        match query.get("sortBy") {
            Some("ModifiedDate") => jobs.sort_by_key(|job| job.modified),
            Some(_) => jobs.sort_by_key(|job| job.created),
            // Without a sort the order is not the same from page to page.
            None => jobs.sort_by_key(|job| mix(job.number ^ self.requests << 32)),
        }
        if query.get("sortOrder") == Some("Descending") {
            jobs.reverse();
        }
        let contact = query.has("includes", "contact") || query.has("includes", "contacts");
        self.list(query, Unit::Records, &jobs, |job| self.job_item(job, contact))
    }

    fn days(&self, query: &Query, now: Timestamp) -> Result<Option<(NaiveDate, NaiveDate)>, Answer> {
        let bad = |detail: &str| problem(400, "Bad Request", detail);
        let (start, end) = match (query.get("startDate"), query.get("endDate")) {
            (None, None) => return Ok(None),
            (Some(start), Some(end)) => (start, end),
            _ => return Err(bad("Start Date and End Date do not have the same format")),
        };
        let day = |text: &str| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| bad("The date is not valid"))
        };
        let (start, end) = (day(start)?, day(end)?);
        if self.temper.refuse_future && end > now.utc().date_naive() {
            return Err(bad("End Date must not be in the future"));
        }
        Ok(Some((start, end)))
    }

    fn local_day(&self, time: Timestamp) -> NaiveDate {
        let zone = FixedOffset::east_opt(self.temper.zone_hours * 3600);
        zone.map_or(time.utc().date_naive(), |zone| time.utc().with_timezone(&zone).date_naive())
    }

    fn contact_unit(&self) -> Unit {
        if self.temper.contacts_by_record { Unit::Records } else { Unit::Pages }
    }

    fn contacts_page(&self, query: &Query) -> Answer {
        let expanded = query.has("includes", "phoneNumber");
        self.list(query, self.contact_unit(), &self.contacts, |contact| self.contact_item(contact, expanded))
    }

    fn contacts_search(&self, query: &Query, body: &[u8]) -> Answer {
        let asked: Value = serde_json::from_slice(body).unwrap_or_default();
        let time = |name: &str| Timestamp::parse(asked.get(name)?.as_str()?);
        let (Some(from), Some(to)) = (time("startDate"), time("endDate")) else {
            return problem(400, "Bad Request", "startDate and endDate are required");
        };
        let mut found: Vec<_> =
            self.contacts.iter().filter(|contact| (from..=to).contains(&contact.created)).collect();
        found.sort_by_key(|contact| contact.created);
        self.list(query, Unit::Records, &found, |contact| self.contact_item(contact, true))
    }

    fn contact_detail(&self, id: &str) -> Answer {
        let contact = self.contacts.iter().find(|contact| contact.id == id);
        contact.map_or_else(missing, |contact| found(&self.contact_item(contact, true)))
    }

    fn estimates_page(&self, query: &Query) -> Answer {
        let assigned = self.jobs.iter().filter(|job| job.assigned);
        let stubs: Vec<_> = assigned.flat_map(|job| self.estimate_stubs(job)).collect();
        self.list(query, self.contact_unit(), &stubs, Value::clone)
    }

    fn user_items(&self) -> Vec<Value> {
        let user = |number: u64| {
            json!({
                "id": self.guid(7, number), "displayName": format!("Crew {number}"), "firstName": "Crew",
                "lastName": number.to_string(), "role": {"id": 3, "name": "Company Administrator"},
                "status": "Active", "email": format!("crew{number}@example.com"),
            })
        };
        (1..=self.users as u64).map(user).collect()
    }

    fn supplement_items(&self) -> Vec<Value> {
        let supplement = |number: u64| {
            json!({
                "id": self.guid(8, number), "name": format!("Supplement {number}"),
                "state": {"supplementState": "Created"}, "editedDate": "2026-01-05T12:00:00Z",
            })
        };
        (1..=self.supplements as u64).map(supplement).collect()
    }

    /// A page in its envelope, with every deviation that is switched on.
    fn list<T>(&self, query: &Query, unit: Unit, items: &[T], render: impl Fn(&T) -> Value) -> Answer {
        let size = query.number("pageSize", 25);
        if size == 0 || size > LARGEST_PAGE {
            return problem(self.temper.oversize_status, "Bad page size", "Page size is out of range");
        }
        let asked = if self.temper.ignore_offset { 0 } else { query.number("pageStartIndex", 0) };
        let first = match unit {
            Unit::Records => asked,
            // Past the end of a list that counts pages, the last page comes again.
            Unit::Pages => asked.min(items.len().saturating_sub(1) / size) * size,
        };
        if first >= items.len() && unit == Unit::Records && !self.temper.end_is_empty {
            return problem(416, "Range Not Satisfiable", "The start index is out of range");
        }
        let mut page: Vec<Value> = items.iter().skip(first).take(size).map(render).collect();
        if self.temper.nameless_every > 0 {
            for (index, item) in page.iter_mut().enumerate() {
                if (first + index) % self.temper.nameless_every == self.temper.nameless_every - 1 {
                    item["id"] = Value::Null;
                }
            }
        }
        let mut envelope = json!({"pageSize": size, "items": page});
        if !self.temper.hide_echo {
            envelope["pageStartIndex"] = json!(asked);
        }
        if !self.temper.hide_count {
            envelope["count"] = json!(items.len() as u64 + self.temper.inflate_count);
        }
        found(&envelope)
    }
}
