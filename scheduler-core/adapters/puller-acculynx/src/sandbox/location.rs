//! The data of a location: deterministic for a seed, and changeable while it is being read.

use std::time::Duration;

use scheduler_core::domain::Timestamp;
use serde_json::{Value, json};

use super::temper::Temper;
use super::webhooks::Webhooks;

const FIRST: [&str; 12] =
    ["Rosa", "Milo", "Ada", "Bruno", "Celia", "Dario", "Edda", "Fynn", "Greta", "Hugo", "Ines", "Jonas"];
const LAST: [&str; 12] = [
    "Quill", "Tanner", "Mossberg", "Larch", "Fenwick", "Okoro", "Ashdown", "Brandt", "Castell", "Dunmore",
    "Elm", "Frost",
];
const STREETS: [&str; 6] =
    ["Elm Row", "Mill Lane", "Harbor Street", "Birch Court", "Station Road", "Hill Place"];
const MILESTONES: [&str; 8] =
    ["Lead", "Prospect", "Approved", "Completed", "Invoiced", "Closed", "Cancelled", "Dead"];

/// A job, from which its item and its leaves are made.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: String,
    /// Its number.
    pub number: u64,
    /// The customer.
    pub name: String,
    /// Where it stands.
    pub milestone: String,
    /// Whether it has a company representative.
    pub assigned: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last touched.
    pub modified: Timestamp,
    /// Counts edits; goes into its content.
    pub edits: u64,
    /// The customer's contact.
    pub contact: String,
}

/// A contact.
#[derive(Debug, Clone)]
pub struct Contact {
    /// Its id.
    pub id: String,
    /// First name.
    pub first: String,
    /// Last name.
    pub last: String,
    /// When it was created; shown nowhere.
    pub created: Timestamp,
    /// Counts edits; goes into its content.
    pub edits: u64,
}

/// One location of a company: what one key shows.
pub struct Location {
    /// The company's name.
    pub company: String,
    /// Its jobs, in the order of creation.
    pub jobs: Vec<Job>,
    /// Its contacts.
    pub contacts: Vec<Contact>,
    /// How many users it has.
    pub users: usize,
    /// How many supplements it has.
    pub supplements: usize,
    /// How it behaves.
    pub temper: Temper,
    /// Lets a job be edited, or added now and then, whenever this much time has passed.
    pub pace: Option<Duration>,
    pub(super) webhooks: Webhooks,
    pub(super) requests: u64,
    seed: u64,
    next_number: u64,
    last_change: Option<Timestamp>,
}

impl Location {
    /// A location with so many jobs and half as many contacts, all created before `now`.
    ///
    /// Two jobs in three are assigned; the others are leads, some of them dead.
    pub fn generate(company: &str, jobs: usize, seed: u64, now: Timestamp) -> Self {
        let mut location = Self {
            company: company.to_owned(),
            jobs: Vec::with_capacity(jobs),
            contacts: Vec::new(),
            users: 6,
            supplements: 4,
            temper: Temper::default(),
            pace: None,
            webhooks: Webhooks::default(),
            requests: 0,
            seed,
            next_number: 1000,
            last_change: None,
        };
        for index in 0..jobs.div_ceil(2) {
            location.add_contact(now - Duration::from_secs(86_400 + 7_200 * index as u64));
        }
        let spacing = Duration::from_secs(2 * 365 * 86_400 / (jobs as u64 + 1));
        for index in 0..jobs {
            let created = now - spacing * (jobs - index) as u32;
            location.add_job(created, index % 3 != 0);
            if let Some(job) = location.jobs.last_mut() {
                let place = if job.assigned { index % 7 } else { [0, 7, 0, 1][index / 3 % 4] };
                job.milestone = MILESTONES[place].to_owned();
            }
        }
        location
    }

    /// Adds a job with the date of creation; gives its id.
    pub fn add_job(&mut self, created: Timestamp, assigned: bool) -> String {
        let number = self.next_number;
        self.next_number += 1;
        let id = self.guid(1, number);
        let contact = self.contacts.get(number as usize % self.contacts.len().max(1));
        let (contact, name) = contact.map_or_else(Default::default, |contact| {
            (contact.id.clone(), format!("{} {}", contact.first, contact.last))
        });
        self.jobs.push(Job {
            id: id.clone(),
            number,
            name,
            milestone: "Lead".to_owned(),
            assigned,
            created,
            modified: created,
            edits: 0,
            contact,
        });
        id
    }

    /// Adds a contact; gives its id.
    pub fn add_contact(&mut self, created: Timestamp) -> String {
        let number = self.contacts.len() as u64 + self.next_number * 1000;
        self.next_number += 1;
        let id = self.guid(2, number);
        let pick = mix(self.seed ^ number) as usize;
        self.contacts.push(Contact {
            id: id.clone(),
            first: FIRST[pick % FIRST.len()].to_owned(),
            last: LAST[pick / 16 % LAST.len()].to_owned(),
            created,
            edits: 0,
        });
        id
    }

    /// Edits the job at a place in the list.
    pub fn edit_job(&mut self, index: usize, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(index) {
            job.edits += 1;
            job.modified = now;
        }
    }

    /// Gives the job at a place in the list a representative; a dead lead comes to life with it.
    pub fn assign_job(&mut self, index: usize, now: Timestamp) {
        if let Some(job) = self.jobs.get_mut(index) {
            job.assigned = true;
            if job.milestone == "Dead" {
                job.milestone = "Prospect".to_owned();
            }
            job.modified = now;
        }
    }

    /// The bodies that would have gone to webhook subscribers.
    pub fn deliveries(&self) -> &[Value] {
        self.webhooks.deliveries()
    }

    /// Lets the location live on: with a pace, jobs are edited and now and then added.
    pub(super) fn pass_time(&mut self, now: Timestamp) {
        let Some(pace) = self.pace else { return };
        let mut last = *self.last_change.get_or_insert(now);
        let mut budget = 50;
        while last + pace <= now && budget > 0 && !self.jobs.is_empty() {
            last = last + pace;
            budget -= 1;
            let pick = mix(self.seed ^ last.millis().unsigned_abs());
            match pick % 5 {
                0 => drop(self.add_job(last, pick.is_multiple_of(2))),
                1 => self.assign_job(pick as usize / 8 % self.jobs.len(), last),
                _ => self.edit_job(pick as usize / 8 % self.jobs.len(), last),
            }
        }
        self.last_change = Some(if budget == 0 { now } else { last });
    }

    pub(super) fn guid(&self, kind: u64, number: u64) -> String {
        let (high, low) = (mix(self.seed ^ kind << 48), mix(self.seed ^ kind << 48 ^ number));
        let (a, b, c) = (high as u32, (low >> 48) as u16, (low >> 32) as u16);
        format!("{a:08x}-{b:04x}-4{:03x}-9{:03x}-{:012x}", c & 0xfff, kind, number & 0xffff_ffff_ffff)
    }

    pub(super) fn job_item(&self, job: &Job, with_contact: bool) -> Value {
        let link = |path: String| format!("https://api.acculynx.com/api/v2/{path}");
        let milestone = match MILESTONES.iter().position(|name| *name == job.milestone) {
            Some(place) if self.temper.integer_milestone => json!(place + 1),
            _ => json!(job.milestone),
        };
        let priority = ["Normal", "High", "Low"][job.edits as usize % 3];
        let trade = if self.temper.trade_id { "tradeId" } else { "id" };
        let mut contact = json!({"id": job.contact, "_link": link(format!("contacts/{}", job.contact))});
        if with_contact && let Some(found) = self.contacts.iter().find(|contact| contact.id == job.contact) {
            contact["firstName"] = json!(found.first);
            contact["lastName"] = json!(found.last);
        }
        json!({
            "id": job.id,
            "_link": link(format!("jobs/{}", job.id)),
            "jobNumber": if job.milestone == "Lead" { String::new() } else { format!("AL-{}", job.number) },
            "jobName": format!("AL-{}: {}", job.number, job.name),
            "currentMilestone": milestone,
            "priority": priority,
            "createdDate": job.created.iso(),
            "milestoneDate": job.modified.iso(),
            "modifiedDate": job.modified.iso(),
            "leadDeadReason": (job.milestone == "Dead").then_some("Not interested"),
            "contacts": [{
                "id": self.guid(3, job.number), "isPrimary": true, "relationToPrimary": "", "contact": contact,
                "_link": link(format!("jobs/{}/contacts/{}", job.id, self.guid(3, job.number))),
            }],
            "locationAddress": address(job.number),
            "geoLocation": {"latitude": 40.69, "longitude": -89.59},
            "tradeTypes": [{trade: self.guid(4, 1), "name": "Roofing"}],
            "jobCategory": {"id": 2, "name": "Residential"},
            "workType": {"id": 5, "name": "Insurance"},
            "leadSource": {"id": self.guid(5, 1), "name": "Referral"},
        })
    }

    pub(super) fn contact_item(&self, contact: &Contact, expanded: bool) -> Value {
        let number = u64::from_str_radix(&contact.id[contact.id.len() - 12..], 16).unwrap_or(0);
        let mut phone = json!({"id": self.guid(6, number)});
        if expanded {
            phone["number"] = json!(format!("309555{:04}", (number + contact.edits) % 10_000));
            phone["type"] = json!("Mobile");
            phone["primary"] = json!(true);
        }
        json!({
            "id": contact.id, "firstName": contact.first, "lastName": contact.last, "salutation": "",
            "crossReference": "", "companyName": "", "mailingAddress": address(number),
            "phoneNumbers": [phone], "emailAddresses": [],
            "_link": format!("https://api.acculynx.com/api/v2/contacts/{}", contact.id),
        })
    }
}

fn address(number: u64) -> Value {
    json!({
        "street1": format!("{} {}", number % 90 + 1, STREETS[number as usize % STREETS.len()]),
        "street2": "", "city": "Peoria", "zipCode": "61602",
        "state": {"id": 13, "name": "Illinois", "abbreviation": "IL"},
        "country": {"id": 1, "name": "United States", "abbreviation": "US"},
    })
}

/// Spreads a number over all bits.
pub(super) fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
