//! Lists without filter and sort: contacts, users, supplements, lookups. Whether they count their start index in
//! records or in pages has to be found out.

use std::collections::HashSet;

use crate::caller::Answer;
use crate::cursor::{Step, Unit};
use crate::run::{Kind, Run, Stop};
use crate::wire::{Call, Entry, OVERLAP, PAGE, Page, read_page};

/// A list of the whole location.
#[derive(Clone, Copy)]
pub(crate) struct List {
    pub kind: Kind,
    pub endpoint: &'static str,
    /// Empty, or ends in `&`.
    pub query: &'static str,
}

pub(crate) const CONTACTS: List = List {
    kind: Kind { entity: "contacts", stamps: &[] },
    endpoint: "/contacts",
    query: "includes=emailAddress,phoneNumber&",
};
pub(crate) const USERS: List = List {
    kind: Kind { entity: "users", stamps: &[] },
    endpoint: "/users",
    query: "status=Active,Inactive,Archived,Deleted&",
};
pub(crate) const SUPPLEMENTS: List = List {
    kind: Kind { entity: "supplements", stamps: &["editedDate", "createdDate"] },
    endpoint: "/supplements",
    query: "includes=items,notations&",
};

/// What jobs refer to. Small lists without a change stamp.
pub(crate) const LOOKUPS: [List; 5] = [
    lookup("trade-types", "/company-settings/job-file-settings/trade-types"),
    lookup("work-types", "/company-settings/job-file-settings/work-types"),
    lookup("job-categories", "/company-settings/job-file-settings/job-categories"),
    lookup("insurance-companies", "/company-settings/job-file-settings/insurance-companies"),
    lookup("lead-sources", "/company-settings/leads/lead-sources"),
];

const fn lookup(entity: &'static str, endpoint: &'static str) -> List {
    List { kind: Kind { entity, stamps: &[] }, endpoint, query: "" }
}

/// More pages than any list of a location has.
const MOST_PAGES: u64 = 5_001;

impl Run {
    /// Reads a list of the whole location; one that is not open to the key is left out.
    pub(crate) async fn sweep_list(
        &mut self,
        list: List,
        step: Option<Step>,
        start: u64,
    ) -> Result<(), Stop> {
        let request = |start| Call::page(list.endpoint, list.endpoint, list.query, start);
        self.sweep_pages(list, list.endpoint, &request, None, step, start).await
    }

    /// Reads page after page. `answer` is that to the first request, where it was sent already.
    pub(crate) async fn sweep_pages(
        &mut self,
        list: List,
        endpoint: &'static str,
        request: &(dyn Fn(u64) -> Call + Send + Sync),
        mut answer: Option<Answer>,
        step: Option<Step>,
        start: u64,
    ) -> Result<(), Stop> {
        let mut paging = Paging::new(self.cursor.units.get(endpoint).copied(), start);
        loop {
            if let Some(step) = step {
                let (edge, window) = (paging.edge(), self.window);
                self.edge(step, edge, window)?;
            }
            let call = request(paging.at);
            let got = match answer.take() {
                Some(answer) => answer,
                None => self.caller.send(&call).await?,
            };
            let page = match got {
                Answer::Found(body) => read_page(&body).map_err(|why| self.caller.unreadable(&call, why))?,
                Answer::PastEnd | Answer::Nothing => Page::default(),
                Answer::NotEntitled | Answer::Missing if paging.pages == 0 => {
                    self.close(endpoint);
                    return Ok(());
                }
                other => return Err(self.caller.needed(&call, &other).into()),
            };
            let next = paging.next(&page);
            let received = page.entries.len() as u64;
            self.keep(list.kind, page.entries).await?;
            self.ended(&format!("{}, page {}", list.kind.entity, paging.pages), received);
            match paging.unit {
                Some(unit) => self.cursor.units.insert(endpoint.to_owned(), unit),
                None => self.cursor.units.remove(endpoint),
            };
            match next {
                Next::Page => {}
                Next::Done => return Ok(()),
                Next::Broken(problem) => return Err(self.caller.broke_contract(&call, problem).into()),
            }
        }
    }
}

/// Where the reading of a list stands.
struct Paging {
    at: u64,
    unit: Option<Unit>,
    /// The ids of page 0.
    first: Vec<String>,
    seen: HashSet<String>,
    first_count: Option<u64>,
    last_count: Option<u64>,
    most: u64,
    pages: u64,
    passes: u32,
    doubted: bool,
}

enum Next {
    Page,
    Done,
    Broken(&'static str),
}

impl Paging {
    /// Starts where a run had stopped, if the unit is known; else at the beginning.
    fn new(unit: Option<Unit>, start: u64) -> Self {
        let at = match unit {
            Some(Unit::Records) => start.saturating_sub(PAGE as u64),
            Some(Unit::Pages) => start.saturating_sub(1),
            None => 0,
        };
        Self {
            at,
            unit,
            first: Vec::new(),
            seen: HashSet::new(),
            first_count: None,
            last_count: None,
            most: 0,
            pages: 0,
            passes: 1,
            doubted: false,
        }
    }

    /// Where a later run may go on.
    fn edge(&self) -> u64 {
        if self.unit.is_some() { self.at } else { 0 }
    }

    fn next(&mut self, page: &Page) -> Next {
        let ids: Vec<String> = page.entries.iter().filter_map(|entry: &Entry| entry.id.clone()).collect();
        let received = page.entries.len();
        self.pages += 1;
        self.most = self.most.max(page.count.unwrap_or(0));
        self.last_count = page.count.or(self.last_count);
        let overlaps = ids.iter().any(|id| self.seen.contains(id));
        let fresh = ids.iter().filter(|id| self.seen.insert((*id).clone())).count();
        if self.at == 0 {
            if page.echo.is_some_and(|echo| echo != 0) {
                return Next::Broken("answered from elsewhere when asked for its first page");
            }
            self.first.clone_from(&ids);
            self.first_count = page.count;
        } else if self.at == 1 && !self.first.is_empty() && !ids.is_empty() {
            match self.tell_unit(page, &ids[0]) {
                Ok(unit) => self.unit = unit,
                Err(next) => return next,
            }
        } else if self.unit == Some(Unit::Records) && !overlaps && !self.first.is_empty() && !self.doubted {
            // The page does not join on to the one before: the unit that was known is in doubt.
            (self.unit, self.doubted, self.at) = (None, true, 1);
            return Next::Page;
        }
        if received < PAGE || fresh == 0 {
            return self.ended();
        }
        let cap = if self.most == 0 { MOST_PAGES } else { (self.most.div_ceil(20) + 20).min(MOST_PAGES) };
        if self.pages >= cap * u64::from(self.passes) {
            return Next::Broken("has more pages than it says");
        }
        self.at = match self.unit {
            Some(Unit::Records) => self.at + (received as u64).saturating_sub(OVERLAP).max(1),
            Some(Unit::Pages) | None => self.at + 1,
        };
        Next::Page
    }

    /// Start index 1 is either the second record or the second page.
    fn tell_unit(&self, page: &Page, id: &str) -> Result<Option<Unit>, Next> {
        match self.first.iter().position(|first| first == id) {
            None => Ok(Some(Unit::Pages)),
            Some(1..) => Ok(Some(Unit::Records)),
            // The only page, sent again because there is no second.
            Some(0) if page.count.is_some_and(|count| count <= PAGE as u64) || page.echo == Some(1) => {
                Err(Next::Done)
            }
            Some(0) => Err(Next::Broken("ignores the start index")),
        }
    }

    /// Pages do not overlap where they are counted: when records left the list on the way, others may
    /// have slipped between two pages, and a second look finds them.
    fn ended(&mut self) -> Next {
        let shrank = self.last_count < self.first_count;
        if shrank && self.unit == Some(Unit::Pages) && self.passes < 3 {
            self.passes += 1;
            self.at = 0;
            self.seen.clear();
            return Next::Page;
        }
        Next::Done
    }
}
