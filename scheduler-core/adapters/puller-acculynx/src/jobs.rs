//! The job sweeps: every population, page by page, in an order that does not move under edits.

use std::collections::HashSet;

use scheduler_core::domain::Timestamp;

use crate::caller::Answer;
use crate::cursor::{Resume, Step};
use crate::run::{Kept, Kind, Run, Stop};
use crate::wire::{self, Entry, MAX_OFFSET, OVERLAP, PAGE, Page, Population, Window, read_page};

pub(crate) const JOBS: Kind = Kind { entity: "jobs", stamps: &["modifiedDate", "createdDate"] };

/// How often a sweep goes back because the list shrank by more than the overlap.
const REWINDS: u32 = 10;
/// A resumed sweep goes back this far, since the list may have shrunk meanwhile.
const STEP_BACK: u64 = PAGE as u64;
/// More pages than any list that keeps within the offset limit has.
const MOST_PAGES: u64 = MAX_OFFSET / (PAGE as u64 - OVERLAP) + 1;

impl Run {
    /// Reads the jobs of a population that were modified within the run's window.
    pub(crate) async fn sweep_jobs(
        &mut self,
        population: Population,
        resume: Option<&Resume>,
    ) -> Result<(), Stop> {
        let mut windows = vec![(self.window, 0)];
        if let Some(token) = resume {
            let rest = token.window.to.succ_opt().filter(|day| *day <= token.until);
            windows = rest.map(|from| (Window { from, to: token.until }, 0)).into_iter().collect();
            windows.push((token.window, token.offset.saturating_sub(STEP_BACK)));
        }
        while let Some((window, start)) = windows.pop() {
            if let Some((early, late)) = self.sweep_window(population, window, start).await? {
                windows.extend([(late, 0), (early, 0)]);
            }
        }
        Ok(())
    }

    /// Reads one window; one that holds too many jobs comes back in halves, unread.
    async fn sweep_window(
        &mut self,
        population: Population,
        mut window: Window,
        start: u64,
    ) -> Result<Option<(Window, Window)>, Stop> {
        let mut sweep = Sweep::from(start);
        loop {
            self.edge(Step::Jobs(population), sweep.offset, window)?;
            let call = wire::jobs(population, window, sweep.offset);
            let page = match self.caller.send(&call).await? {
                Answer::Found(body) => read_page(&body).map_err(|why| self.caller.unreadable(&call, why))?,
                Answer::PastEnd | Answer::Nothing => Page::default(),
                Answer::Refused(_) if self.can_end_today(&mut window) => continue,
                other => return Err(self.caller.needed(&call, &other).into()),
            };
            if let Some(echo) = page.echo.filter(|echo| *echo != sweep.offset) {
                let problem = format!("answered from {echo} when asked from {}", sweep.offset);
                return Err(self.caller.broke_contract(&call, &problem).into());
            }
            if sweep.offset == 0
                && page.count.is_some_and(|count| count >= self.config.split_at)
                && let Some(halves) = window.halves()
            {
                return Ok(Some(halves));
            }
            let next = sweep.next(&page);
            let received = page.entries.len() as u64;
            let kept = self.keep(JOBS, page.entries).await?;
            self.ended(&format!("{}, page {}", Step::Jobs(population).label(), sweep.pages), received);
            self.queue_children(kept);
            match next {
                Next::Page => {}
                Next::Done => return Ok(None),
                Next::Broken(problem) => return Err(self.caller.broke_contract(&call, problem).into()),
            }
        }
    }

    /// Moves the window's end from tomorrow to today, for an upstream that refuses a day to come.
    fn can_end_today(&mut self, window: &mut Window) -> bool {
        let today = self.context.clock.now().utc().date_naive();
        if window.to <= today || window.from > today {
            return false;
        }
        self.context.log.warn("the end date of tomorrow was refused; today is used");
        self.ends_today = true;
        self.window.to = today.max(self.window.from);
        window.to = today;
        true
    }

    /// Queues the jobs of a page that were new or changed. The sink says how many were, not which: where
    /// it can not be told by their dates, the whole page counts as changed. What is new by its date counts even
    /// where the sink knows it: a run that died has written it, and took its queue along.
    fn queue_children(&mut self, kept: Kept) {
        let since = self.cursor.jobs;
        self.latest = kept.fresh.iter().filter_map(|(_, modified)| *modified).max().max(self.latest);
        let changed = kept.changed > 0;
        let recent = |modified: &Option<Timestamp>| *modified > since || (modified.is_none() && changed);
        let by_date = kept.fresh.iter().filter(|(_, modified)| recent(modified)).count() as u64;
        let all = changed && (kept.changed as usize == kept.fresh.len() || by_date < kept.changed);
        for (id, modified) in kept.fresh {
            if all || recent(&modified) {
                self.queue_child(id);
            }
        }
    }

    fn queue_child(&mut self, id: String) {
        if self.cursor.queue.len() >= self.config.child_queue {
            // Too many to remember: the children of all jobs are read, one job after the other.
            self.cursor.walk.get_or_insert_default();
        } else if !self.cursor.queue.contains(&id) {
            self.cursor.queue.push_back(id);
        }
    }
}

/// Where a sweep by record offset stands.
struct Sweep {
    offset: u64,
    /// Ids of this sweep alone: another population may have shown them already.
    seen: HashSet<String>,
    /// The first id of the first page, to know a server that sends it over and over.
    first: Option<String>,
    /// The end of what was read.
    frontier: u64,
    most: u64,
    pages: u64,
    rewinds: u32,
}

enum Next {
    Page,
    Done,
    Broken(&'static str),
}

impl Sweep {
    fn from(offset: u64) -> Self {
        Self { offset, seen: HashSet::new(), first: None, frontier: 0, most: 0, pages: 0, rewinds: 0 }
    }

    /// Takes note of a page and moves on. A full page is never the end, whatever the count says: counts
    /// are known to be wrong, and one more request is cheaper than a lost record.
    fn next(&mut self, page: &Page) -> Next {
        let received = page.entries.len() as u64;
        let ids: Vec<&str> = page.entries.iter().filter_map(|entry: &Entry| entry.id.as_deref()).collect();
        let begins = self.pages == 0;
        self.pages += 1;
        if begins && self.offset == 0 {
            self.first = ids.first().map(|id| (*id).to_owned());
        }
        let overlaps = ids.iter().any(|id| self.seen.contains(*id));
        let fresh = ids.iter().filter(|id| self.seen.insert((**id).to_owned())).count();
        let past = self.offset + received > self.frontier;
        self.frontier = self.frontier.max(self.offset + received);
        self.most = self.most.max(page.count.unwrap_or(MAX_OFFSET));

        // Without any overlap, more records left the list than pages share: something may lie between.
        let gap = !overlaps && self.offset > 0 && !(begins && received > 0);
        if gap && self.rewinds < REWINDS {
            self.rewinds += 1;
            self.offset = self.offset.saturating_sub(STEP_BACK);
            return Next::Page;
        }
        if received < PAGE as u64 {
            return Next::Done;
        }
        if fresh == 0 && past && !ids.is_empty() {
            let repeats = self.offset > 0 && self.first.as_deref() == ids.first().copied();
            return if repeats { Next::Broken("sends its first page over and over") } else { Next::Done };
        }
        self.offset += received.saturating_sub(OVERLAP).max(1);
        let cap =
            (self.most.div_ceil(PAGE as u64 - OVERLAP) + 20).min(MOST_PAGES) + u64::from(self.rewinds) * 3;
        if self.offset > MAX_OFFSET || self.pages >= cap {
            return Next::Broken("has more pages than it says or allows");
        }
        Next::Page
    }
}
