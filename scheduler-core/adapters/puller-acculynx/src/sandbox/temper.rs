//! The switches: how a location deviates, and what goes wrong when.

use std::time::Duration;

use super::answer::Answer;
use super::journal::Journal;

/// How a location behaves. The default is what has been seen live.
#[derive(Debug, Clone)]
pub struct Temper {
    /// Contacts and estimates count `pageStartIndex` in records, where they count pages by default.
    pub contacts_by_record: bool,
    /// Past the end comes an empty page, where 416 comes by default.
    pub end_is_empty: bool,
    /// The answer to a page size that is too large: 416 or 400.
    pub oversize_status: u16,
    /// `count` is too high by this much.
    pub inflate_count: u64,
    /// `count` is left out.
    pub hide_count: bool,
    /// The echo of the start index is left out.
    pub hide_echo: bool,
    /// Every page is the first one.
    pub ignore_offset: bool,
    /// Days are cut in a zone so many hours from UTC.
    pub zone_hours: i32,
    /// An end date in the future answers 400.
    pub refuse_future: bool,
    /// `/company-settings` says `companyId` where the reference says `id`.
    pub company_id: bool,
    /// Trade types say `tradeId` where the settings list says `id`.
    pub trade_id: bool,
    /// `currentMilestone` is a number.
    pub integer_milestone: bool,
    /// Records without an id are mixed in, one to so many.
    pub nameless_every: usize,
    /// Paths that answer 403, by their start.
    pub closed: Vec<String>,
    /// Every answer comes this late.
    pub latency: Duration,
    /// What goes wrong, and when.
    pub troubles: Vec<Trouble>,
}

impl Default for Temper {
    fn default() -> Self {
        Self {
            contacts_by_record: false,
            end_is_empty: false,
            oversize_status: 416,
            inflate_count: 0,
            hide_count: false,
            hide_echo: false,
            ignore_offset: false,
            zone_hours: 0,
            refuse_future: false,
            company_id: false,
            trade_id: false,
            integer_milestone: false,
            nameless_every: 0,
            closed: Vec::new(),
            latency: Duration::ZERO,
            troubles: Vec::new(),
        }
    }
}

impl Temper {
    pub(super) fn trouble_for(&mut self, target: &str) -> Option<Fault> {
        let trouble =
            self.troubles.iter_mut().find(|trouble| trouble.times > 0 && target.contains(&trouble.path))?;
        if trouble.skip > 0 {
            trouble.skip -= 1;
            return None;
        }
        trouble.times -= 1;
        if let (0, Some((skip, times))) = (trouble.times, trouble.again) {
            (trouble.skip, trouble.times) = (skip, times);
        }
        Some(trouble.fault.clone())
    }
}

/// Something that goes wrong with some requests.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// With those whose path and query contain this.
    pub path: String,
    /// After so many that go well.
    pub skip: u64,
    /// So many times.
    pub times: u64,
    /// What goes wrong.
    pub fault: Fault,
    /// Skip and times of the next round, for trouble that comes back.
    pub again: Option<(u64, u64)>,
}

impl Trouble {
    /// Trouble with every request from now on.
    pub fn always(fault: Fault) -> Self {
        Self { path: String::new(), skip: 0, times: u64::MAX, fault, again: None }
    }

    /// Trouble with the next `times` requests whose target contains `path`, after `skip` that go well.
    pub fn some(path: &str, skip: u64, times: u64, fault: Fault) -> Self {
        Self { path: path.to_owned(), skip, times, fault, again: None }
    }

    /// Trouble with so many requests after so many that go well, over and over.
    pub fn recurring(skip: u64, times: u64, fault: Fault) -> Self {
        Self { again: Some((skip, times)), ..Self::some("", skip, times, fault) }
    }
}

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 401, as if the key had been switched off.
    Unauthorized,
    /// 429 with these headers and a text body.
    TooMany(Vec<(&'static str, String)>),
    /// That status without a body.
    Bare(u16),
    /// That status with a page for people.
    Html(u16),
    /// The body comes this late.
    Slow(Duration),
    /// The body ends in the middle.
    Truncated,
    /// The connection breaks.
    Reset,
    /// 200 without a body.
    Empty,
    /// That status, problem details with that text.
    Problem(u16, String),
}

impl Fault {
    pub(super) fn spoil(self, answer: Answer) -> Answer {
        match self {
            Self::Unauthorized => {
                super::answer::problem(401, "Unauthorized", "API Key is invalid or deactivated")
            }
            Self::TooMany(headers) => too_many(headers),
            Self::Bare(status) => Answer { headers: Vec::new(), ..Answer::new(status, "", Vec::new()) },
            Self::Html(status) => {
                Answer::new(status, "text/html", "<!DOCTYPE html><h1>Please hold the line</h1>")
            }
            Self::Slow(delay) => answer.later(delay),
            Self::Truncated => {
                let half = answer.body.len() / 2;
                Answer { body: answer.body[..half].to_vec(), ..answer }
            }
            Self::Reset => Answer { reset: true, ..answer },
            Self::Empty => Answer { status: 200, body: Vec::new(), ..answer },
            Self::Problem(status, detail) => super::answer::problem(status, "Refused", &detail),
        }
    }
}

fn too_many(headers: Vec<(&'static str, String)>) -> Answer {
    let mut answer = Answer::new(429, "text/plain", "Rate limit exceeded. Please try again later.");
    answer.headers.extend(headers);
    answer
}

/// How the server punishes too many requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policing {
    /// Requests that a key may send in any second.
    pub per_key: usize,
    /// Requests that all keys together may send in any second.
    pub in_all: usize,
    /// Whether a 429 says when to come back.
    pub headers: bool,
    /// Going over the limit of all gets everybody refused for this long.
    pub ban: Duration,
}

impl Default for Policing {
    fn default() -> Self {
        Self { per_key: 10, in_all: 30, headers: true, ban: Duration::ZERO }
    }
}

impl Policing {
    pub(super) fn refuse(
        self,
        journal: &Journal,
        key: &str,
        now: Duration,
        banned_until: &mut Duration,
    ) -> Option<Answer> {
        let all_full = journal.within_a_second(now, None) >= self.in_all;
        let key_full = journal.within_a_second(now, Some(key)) >= self.per_key;
        if all_full && !self.ban.is_zero() {
            *banned_until = now + self.ban;
        }
        let banned = now < *banned_until;
        if !(all_full || key_full || banned) {
            return None;
        }
        let wait = if banned { banned_until.saturating_sub(now).as_secs() + 1 } else { 1 };
        let headers = vec![
            ("retry-after", wait.to_string()),
            ("ratelimit-limit", self.per_key.to_string()),
            ("ratelimit-remaining", "0".to_owned()),
            ("ratelimit-reset", wait.to_string()),
        ];
        Some(too_many(if self.headers { headers } else { Vec::new() }))
    }
}
