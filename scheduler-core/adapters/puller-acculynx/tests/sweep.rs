//! Every record arrives, none twice, whatever happens while the list is being read.

mod bench;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bench::{Bench, HOUR, KEY, TenantBench};
use puller_acculynx::Config;
use puller_acculynx::sandbox::Fault;
use puller_acculynx::sandbox::{Location, Temper, Trouble};
use scheduler_core::ports::Clock;

#[test]
fn a_first_run_brings_everything_and_a_second_brings_nothing() {
    let (bench, mut tenant) = Bench::one(137);

    let first = bench.pull(&mut tenant).unwrap();

    assert_eq!(tenant.sink.ids("jobs"), bench.job_ids());
    assert_eq!(tenant.sink.ids("contacts"), bench.contact_ids());
    assert_eq!((tenant.sink.ids("users").len(), tenant.sink.ids("supplements").len()), (6, 4));
    let lookups = ["trade-types", "work-types", "job-categories", "lead-sources", "insurance-companies"];
    assert_eq!(lookups.map(|entity| tenant.sink.ids(entity).len()), [3, 2, 2, 2, 0]);
    assert_eq!(tenant.sink.ids("financials"), bench.job_ids());
    assert!(!tenant.sink.ids("representatives").is_empty());
    assert!(!tenant.sink.ids("invoices").is_empty());
    assert!(!tenant.sink.ids("estimates").is_empty());
    assert_eq!((first.stats.imported, first.stats.created), (first.stats.created, first.stats.imported));
    assert_eq!((first.stats.skipped, first.stats.failed, first.stats.updated), (0, 0, 0));
    assert!(first.stats.requests > 137 && !tenant.sink.wrote_twice());

    bench.clock.advance(HOUR);
    let second = bench.pull(&mut tenant).unwrap();

    assert_eq!((second.stats.imported, second.stats.gone), (0, 0));
    assert!(second.stats.skipped > 0 && second.stats.requests < 10, "{:?}", second.stats);
}

#[test]
fn an_edit_is_brought_once_with_its_children() {
    let (bench, mut tenant) = Bench::one(60);
    bench.pull(&mut tenant).unwrap();
    bench.clock.advance(HOUR);
    let now = bench.clock.now();
    bench.sandbox.change(KEY, |location| location.edit_job(17, now));

    let second = bench.pull(&mut tenant).unwrap();
    bench.clock.advance(HOUR);
    let third = bench.pull(&mut tenant).unwrap();

    // The job and its financials; its representative under the same name.
    assert_eq!((second.stats.imported, second.stats.created), (second.stats.updated, 0));
    assert!((2..=3).contains(&second.stats.updated), "{:?}", second.stats);
    assert_eq!(third.stats.imported, 0);
}

#[test]
fn nothing_is_lost_while_records_are_edited_added_assigned_and_deleted_between_pages() {
    for contacts_by_record in [false, true] {
        let (bench, mut tenant) = Bench::one(400);
        bench.sandbox.change(KEY, |location| location.temper.contacts_by_record = contacts_by_record);
        let clock = bench.clock.clone();
        let (sender, receiver) = std::sync::mpsc::channel::<String>();
        let mut received = 0_usize;
        let restless = Arc::new(AtomicBool::new(true));
        let moving = restless.clone();
        bench.sandbox.after_each(KEY, move |location, logged| {
            if !logged.target.contains("/jobs?") || !moving.load(Ordering::Relaxed) {
                return;
            }
            received += 1;
            let now = clock.now();
            for place in 0..3 {
                location.edit_job((received * 31 + place * 57) % location.jobs.len(), now);
            }
            location.assign_job((received * 13) % location.jobs.len(), now);
            if received.is_multiple_of(3) {
                location.add_job(now, received.is_multiple_of(2));
            }
            let victims = if received == 9 { 12 } else { 2 };
            for _ in 0..victims {
                let victim = location.jobs.remove((received * 7) % (location.jobs.len() / 2));
                sender.send(victim.id).unwrap();
            }
        });

        let pulled = bench.pull(&mut tenant).unwrap();

        let kept = tenant.sink.ids("jobs");
        // What was added after its population had been read comes with the next run.
        let started = bench.clock.now() - Duration::from_secs(1800);
        bench.sandbox.change(KEY, |location| {
            for job in location.jobs.iter().filter(|job| job.created < started) {
                assert!(kept.contains(&job.id), "job {} is missing", job.number);
            }
        });
        assert!(receiver.try_iter().count() > 20 && !tenant.sink.wrote_twice());
        assert_eq!(pulled.stats.failed, 0);
        assert_eq!(tenant.sink.ids("contacts"), bench.contact_ids());

        restless.store(false, Ordering::Relaxed);
        bench.clock.advance(HOUR);
        bench.pull(&mut tenant).unwrap();
        let kept = tenant.sink.ids("jobs");
        assert!(bench.job_ids().iter().all(|id| kept.contains(id)), "the next run brings the rest");
    }
}

#[test]
fn every_switch_of_the_server_leaves_the_sweep_complete() {
    type Switch = (&'static str, fn(&mut Temper));
    let switches: [Switch; 12] = [
        ("default", |_| {}),
        ("contacts by record", |temper| temper.contacts_by_record = true),
        ("empty end", |temper| temper.end_is_empty = true),
        ("inflated", |temper| temper.inflate_count = 35),
        ("inflated, by record, empty end", |temper| {
            (temper.inflate_count, temper.contacts_by_record, temper.end_is_empty) = (35, true, true);
        }),
        ("no count", |temper| temper.hide_count = true),
        ("no echo", |temper| temper.hide_echo = true),
        ("zone west", |temper| temper.zone_hours = -6),
        ("zone east", |temper| temper.zone_hours = 12),
        ("no future", |temper| temper.refuse_future = true),
        ("odd fields", |temper| {
            (temper.company_id, temper.trade_id, temper.integer_milestone) = (true, true, true)
        }),
        ("late answers", |temper| temper.latency = Duration::from_millis(300)),
    ];
    // Sizes around page edges, in jobs; contacts are half as many.
    for jobs in [0, 1, 25, 26, 50, 51, 75, 76, 135] {
        for (name, switch) in switches {
            let config = Config { child_requests: 10_000, ..Config::default() };
            let (bench, mut tenant) = Bench::one_with(jobs, config);
            bench.sandbox.change(KEY, |location| switch(&mut location.temper));

            let pulled =
                bench.pull(&mut tenant).unwrap_or_else(|failure| panic!("{name}, {jobs}: {failure:?}"));

            assert_eq!(tenant.sink.ids("jobs"), bench.job_ids(), "{name}, {jobs} jobs");
            assert_eq!(tenant.sink.ids("contacts"), bench.contact_ids(), "{name}, {jobs} jobs");
            assert!(!tenant.sink.wrote_twice() && pulled.stats.failed == 0, "{name}");

            bench.clock.advance(HOUR);
            let again = bench.pull(&mut tenant).unwrap();
            assert_eq!(again.stats.imported, 0, "{name}, {jobs} jobs: {:?}", again.stats);
        }
    }
}

#[test]
fn an_ignored_start_index_is_a_failure_not_an_endless_loop() {
    for hide_echo in [false, true] {
        let (bench, mut tenant) = Bench::one(200);
        bench.sandbox.change(KEY, |location| {
            (location.temper.ignore_offset, location.temper.hide_echo) = (true, hide_echo);
        });

        let failure = bench.pull(&mut tenant).unwrap_err();

        assert_eq!(failure.error.kind.as_str(), "protocol", "{failure:?}");
        assert!(failure.stats.requests < 30, "{failure:?}");
        assert!(tenant.noted("jobs").is_null());
    }
}

#[test]
fn records_that_can_not_be_read_are_counted_and_do_not_stop_the_rest() {
    let (bench, mut tenant) = Bench::one(90);
    bench.sandbox.change(KEY, |location| (location.temper.nameless_every, location.users) = (10, 0));

    let pulled = bench.pull(&mut tenant).unwrap();

    assert!(pulled.stats.failed > 5, "{:?}", pulled.stats);
    assert!(tenant.sink.ids("jobs").len() > 75);
}

#[test]
fn a_window_with_too_many_jobs_is_split_in_halves() {
    let (bench, mut tenant) = Bench::one_with(180, Config { split_at: 40, ..Config::default() });

    bench.pull(&mut tenant).unwrap();

    assert_eq!(tenant.sink.ids("jobs"), bench.job_ids());
    assert!(!tenant.sink.wrote_twice());
    let starts: std::collections::BTreeSet<_> = bench
        .sandbox
        .journal()
        .entries()
        .filter_map(|logged| logged.target.split("startDate=").nth(1).map(|rest| rest[..10].to_owned()))
        .collect();
    assert!(starts.len() > 4, "{starts:?}");
}

#[test]
fn a_job_that_is_gone_upstream_is_marked_by_the_weekly_sweep_and_leads_are_not() {
    let (bench, mut tenant) = Bench::one(80);
    bench.pull(&mut tenant).unwrap();
    let before = tenant.sink.ids("jobs").len();
    bench.sandbox.change(KEY, |location| {
        location.jobs.remove(40);
        location.jobs.remove(3);
        location.contacts.remove(5);
    });
    for _ in 0..3 {
        bench.clock.advance(HOUR);
        assert_eq!(bench.pull(&mut tenant).unwrap().stats.gone, 0);
    }

    bench.clock.advance(HOUR * 24 * 7);
    let weekly = bench.pull(&mut tenant).unwrap();

    assert_eq!(tenant.sink.ids("jobs").len(), before - 2);
    assert_eq!(tenant.sink.ids("jobs"), bench.job_ids());
    assert!(weekly.stats.gone >= 2, "{:?}", weekly.stats);
}

#[test]
fn contacts_are_read_whole_every_so_often_and_new_ones_are_found_in_between() {
    let (bench, mut tenant) = Bench::one_with(100, Config { contacts_every: 3, ..Config::default() });
    bench.pull(&mut tenant).unwrap();
    bench.clock.advance(HOUR);
    let now = bench.clock.now();
    bench.sandbox.change(KEY, |location| {
        location.add_contact(now - Duration::from_secs(60));
        location.contacts[4].edits += 1;
    });
    bench.sandbox.clear_journal();

    let second = bench.pull(&mut tenant).unwrap();
    assert_eq!((second.stats.created, second.stats.updated), (1, 0));
    assert_eq!(bench.sandbox.journal().count("/contacts?"), 0);

    bench.clock.advance(HOUR);
    assert_eq!(bench.pull(&mut tenant).unwrap().stats.imported, 0);
    bench.clock.advance(HOUR);
    let fourth = bench.pull(&mut tenant).unwrap();
    assert_eq!((fourth.stats.created, fourth.stats.updated), (0, 1), "the edit");
    assert_eq!(tenant.sink.ids("contacts"), bench.contact_ids());
}

#[test]
fn children_keep_to_the_budget_and_the_rest_comes_later() {
    let config = Config { child_requests: 60, child_queue: 20, ..Config::default() };
    let (bench, mut tenant) = Bench::one_with(70, config);
    let mut runs = 0;

    while tenant.sink.ids("financials").len() < 70 {
        let pulled = bench.pull(&mut tenant).unwrap();
        assert!(pulled.stats.requests < 110, "{:?}", pulled.stats);
        bench.clock.advance(HOUR);
        runs += 1;
        assert!(runs < 20, "{}", tenant.sink.ids("financials").len());
    }

    assert!(runs > 3);
    assert_eq!(tenant.sink.ids("financials"), bench.job_ids());
}

#[test]
fn what_is_not_in_the_plan_is_left_out_with_a_note() {
    let (bench, mut tenant) = Bench::one(30);
    bench.sandbox.change(KEY, |location| {
        location.temper.closed =
            vec!["/supplements".into(), "/representatives".into(), "/contacts/search".into()];
    });

    bench.pull(&mut tenant).unwrap();

    assert!(tenant.sink.ids("supplements").is_empty() && !tenant.sink.ids("financials").is_empty());
    assert_eq!(
        tenant.log.iter().filter(|line| line.message.contains("is not open")).count(),
        2,
        "{:?}",
        tenant.log
    );
    bench.clock.advance(HOUR);
    assert!(bench.pull(&mut tenant).is_ok());
}

#[test]
fn a_representative_keeps_its_name_when_its_id_changes() {
    let (bench, mut tenant) = Bench::one(30);
    bench.pull(&mut tenant).unwrap();
    let before = tenant.sink.ids("representatives");
    bench.clock.advance(HOUR);
    let now = bench.clock.now();
    bench.sandbox.change(KEY, |location| (0..30).for_each(|index| location.edit_job(index, now)));

    bench.pull(&mut tenant).unwrap();

    assert_eq!(tenant.sink.ids("representatives"), before);
    assert_eq!(
        tenant.sink.data("representatives", &before[0]).unwrap()["jobId"],
        before[0].split(':').next().unwrap()
    );
}

#[test]
fn another_key_starts_anew() {
    let (bench, mut tenant) = Bench::one(40);
    bench.pull(&mut tenant).unwrap();
    let other = Location::generate("Other Roofing", 40, 8, bench.clock.now());
    bench.sandbox.add("another-key", other);
    bench.sandbox.clear_journal();
    tenant.connection = TenantBench::new("peak", "another-key").connection;

    bench.pull(&mut tenant).unwrap();

    assert!(bench.sandbox.journal().count("startDate=2000-01-01") >= 3);
    assert_eq!(tenant.sink.ids("jobs").len(), 80, "nothing is judged gone on a new key's first run");
}

#[test]
fn a_lone_refusal_of_the_search_does_not_fail_a_run() {
    let (bench, mut tenant) = Bench::one(30);
    bench.pull(&mut tenant).unwrap();
    bench.trouble(Trouble::some("/contacts/search", 0, 1, Fault::Problem(400, "no".into())));
    bench.clock.advance(HOUR);
    bench.pull(&mut tenant).unwrap();
    bench.sandbox.clear_journal();
    bench.clock.advance(HOUR);

    bench.pull(&mut tenant).unwrap();

    assert!(bench.sandbox.journal().count("/contacts?") > 0, "the next run reads contacts whole");
}

#[test]
fn contacts_that_are_deleted_between_pages_hide_no_others() {
    for by_record in [false, true] {
        let (bench, mut tenant) = Bench::one(400);
        bench.sandbox.change(KEY, |location| location.temper.contacts_by_record = by_record);
        let mut pages = 0;
        bench.sandbox.after_each(KEY, move |location, logged| {
            if logged.target.contains("/contacts?") && pages < 6 {
                pages += 1;
                location.contacts.drain(pages..pages + 2);
            }
        });

        bench.pull(&mut tenant).unwrap();

        let kept = tenant.sink.ids("contacts");
        assert!(bench.contact_ids().iter().all(|id| kept.contains(id)), "by record: {by_record}");
        assert!(!tenant.sink.wrote_twice());
    }
}

#[test]
fn an_edit_at_any_hour_is_brought_whichever_zone_cuts_the_days() {
    for zone_hours in [-10, -6, 0, 12] {
        for refuse_future in [false, true] {
            let (bench, mut tenant) = Bench::one(40);
            bench.sandbox.change(KEY, |location| {
                (location.temper.zone_hours, location.temper.refuse_future) = (zone_hours, refuse_future);
            });
            bench.pull(&mut tenant).unwrap();
            let mut late = 0;
            for hour in 0..30 {
                let now = bench.clock.now();
                bench.sandbox.change(KEY, |location| location.edit_job(hour % 40, now));
                bench.clock.advance(HOUR);

                let pulled = bench.pull(&mut tenant).unwrap();

                late += u32::from(pulled.stats.updated == 0);
            }
            // East of UTC, an upstream that refuses tomorrow shows the evening's edits on the next day.
            assert!(late == 0 || (refuse_future && zone_hours > 0), "{late} late at {zone_hours}");
            bench.clock.advance(HOUR * 24);
            bench.pull(&mut tenant).unwrap();
            bench.sandbox.change(KEY, |location| {
                for job in &location.jobs {
                    assert_eq!(
                        tenant.sink.data("jobs", &job.id).unwrap()["modifiedDate"],
                        job.modified.iso().as_str()
                    );
                }
            });
        }
    }
}

#[test]
fn a_list_that_changes_the_unit_of_its_start_index_is_read_whole_all_the_same() {
    for (before, after) in [(false, true), (true, false)] {
        let (bench, mut tenant) = Bench::one_with(400, Config { contacts_every: 1, ..Config::default() });
        bench.sandbox.change(KEY, |location| location.temper.contacts_by_record = before);
        bench.pull(&mut tenant).unwrap();
        assert_eq!(tenant.noted("units")["/contacts"], if before { "records" } else { "pages" });
        bench.sandbox.change(KEY, |location| {
            location.temper.contacts_by_record = after;
            location.contacts.iter_mut().for_each(|contact| contact.edits += 1);
        });
        bench.clock.advance(HOUR);

        let pulled = bench.pull(&mut tenant).unwrap();

        assert!(pulled.stats.updated >= 200, "{:?}", pulled.stats);
        assert_eq!(tenant.noted("units")["/contacts"], if after { "records" } else { "pages" });
    }
}
