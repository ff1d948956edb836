//! What a run leaves for the next one. It holds ids and times, never a key or a customer's data.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use scheduler_core::domain::{Timestamp, stored};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::wire::{Population, Window};

/// Offsets drift: a resume token older than this is refused.
const RESUME_WITHIN: Duration = Duration::from_secs(3600);

/// The unit that a list counts its start index in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unit {
    /// Records.
    Records,
    /// Pages.
    Pages,
}

/// The state of one location: one key at one address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cursor {
    /// The key's fingerprint and the address.
    pub location: String,
    /// The latest change seen in a run that finished its job sweeps.
    pub jobs: Option<Timestamp>,
    /// When the last sweep over all jobs began.
    pub all_jobs: Option<Timestamp>,
    /// When the last whole reading of the contacts began.
    pub contacts: Option<Timestamp>,
    /// Runs since then.
    pub contacts_age: u32,
    /// Contacts created before this have been searched for.
    pub searched: Option<Timestamp>,
    /// When the users were last read.
    pub users: Option<Timestamp>,
    /// When the supplements were last read.
    pub supplements: Option<Timestamp>,
    /// When the lookups were last read.
    pub lookups: Option<Timestamp>,
    /// The start index's unit of each list for which it is known.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub units: BTreeMap<String, Unit>,
    /// The upstream refuses an end date in the future.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_future: bool,
    /// Changed jobs whose children are still to be read.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub queue: VecDeque<String>,
    /// Set while the children of all jobs are read: the last job that was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub walk: Option<String>,
    /// Where the last run stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// A sweep over the jobs of a population.
    Jobs(Population),
    /// Judging the jobs that a full sweep did not see.
    Gone,
    /// Contacts, whole.
    Contacts,
    /// Contacts by creation date.
    NewContacts,
    /// Users.
    Users,
    /// Supplements.
    Supplements,
    /// Trade types, work types and the like.
    Lookups,
    /// Children of jobs.
    Children,
}

impl Step {
    /// Every step, in the order of a run. A lead that is assigned between two sweeps is seen all the same.
    pub(crate) const ALL: [Self; 10] = [
        Self::Jobs(Population::Unassigned),
        Self::Jobs(Population::Dead),
        Self::Jobs(Population::Assigned),
        Self::Gone,
        Self::Contacts,
        Self::NewContacts,
        Self::Users,
        Self::Supplements,
        Self::Lookups,
        Self::Children,
    ];

    /// What it reads, in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Jobs(Population::Unassigned) => "unassigned leads",
            Self::Jobs(Population::Dead) => "dead leads",
            Self::Jobs(Population::Assigned) => "assigned jobs",
            Self::Gone => "jobs that no list shows",
            Self::Contacts => "contacts",
            Self::NewContacts => "new contacts",
            Self::Users => "users",
            Self::Supplements => "supplements",
            Self::Lookups => "lookups",
            Self::Children => "children of jobs",
        }
    }

    /// The place in the order.
    pub(crate) fn place(self) -> usize {
        Self::ALL.iter().position(|step| *step == self).unwrap_or(0)
    }
}

/// A page edge at which a run stopped, and what it had learned until then.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Resume {
    /// The part of the run.
    pub sweep: Step,
    /// The start index to go on at.
    pub offset: u64,
    /// The window's first day and its last.
    #[serde(flatten)]
    pub window: Window,
    /// The last day of all windows, when the sweep is split.
    #[serde(with = "crate::wire::day")]
    pub until: chrono::NaiveDate,
    /// When this was written.
    pub saved_at: Timestamp,
    /// When the first part of the run began.
    pub started: Timestamp,
    /// The latest change seen.
    pub latest: Option<Timestamp>,
    /// Whether the sweep is over all jobs.
    pub full: bool,
}

impl Cursor {
    /// Reads the note of the last run. One for another location, or one that can not be read, is a new start.
    pub(crate) fn read(text: Option<&RawValue>, location: &str) -> Self {
        let read = text.and_then(|text| stored::<Self>(text.get().as_bytes()).ok());
        let fresh = || Self { location: location.to_owned(), ..Self::default() };
        read.filter(|cursor| cursor.location == location).unwrap_or_else(fresh)
    }

    /// The note as it is kept.
    pub(crate) fn write(&self) -> Option<Box<RawValue>> {
        serde_json::value::to_raw_value(self).ok()
    }

    /// Takes the resume token out, unless it is too old to be true.
    pub(crate) fn take_resume(&mut self, now: Timestamp) -> Option<Resume> {
        self.resume.take().filter(|token| {
            token.saved_at <= now
                && now.duration_since(token.saved_at) <= RESUME_WITHIN
                && token.started <= now
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_back() {
        let mut cursor = Cursor::read(None, "fp@host");
        cursor.jobs = Some(at(5));
        cursor.units.insert("/contacts".into(), Unit::Pages);
        cursor.resume = Some(token(at(9)));

        let text = cursor.write().unwrap();
        let mut again = Cursor::read(Some(&text), "fp@host");

        assert_eq!(again.write().unwrap().get(), text.get());
        let resume = again.take_resume(at(10)).unwrap();
        assert_eq!((resume.sweep, resume.offset), (Step::Jobs(Population::Dead), 40));
        assert!(again.resume.is_none());
    }

    #[test]
    fn the_note_of_another_location_is_not_used() {
        let cursor = Cursor { jobs: Some(at(5)), ..Cursor::read(None, "one@host") };

        assert_eq!(Cursor::read(cursor.write().as_deref(), "two@host").jobs, None);
        let garbage = serde_json::value::to_raw_value("garbage").unwrap();
        assert_eq!(Cursor::read(Some(&garbage), "one@host").jobs, None);
    }

    #[test]
    fn a_resume_token_lives_for_an_hour() {
        for (now, good) in [(at(0), true), (at(3600), true), (at(3601), false), (at(-1), false)] {
            let mut cursor = Cursor { resume: Some(token(at(0))), ..Cursor::default() };
            assert_eq!(cursor.take_resume(now).is_some(), good, "{now}");
        }
    }

    fn token(saved_at: Timestamp) -> Resume {
        let day = saved_at.utc().date_naive();
        Resume {
            sweep: Step::Jobs(Population::Dead),
            offset: 40,
            window: Window { from: day, to: day },
            until: day,
            saved_at,
            started: at(-1),
            latest: None,
            full: true,
        }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_772_323_200 + secs)
    }
}
