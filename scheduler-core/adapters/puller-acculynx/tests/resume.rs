//! A run that is cut short goes on at a page edge, while that makes sense.

mod bench;

use std::time::Duration;

use bench::{Bench, HOUR, KEY};
use puller_acculynx::sandbox::{Fault, Temper, Trouble};
use scheduler_core::domain::ErrorKind;
use scheduler_core::ports::Clock;

#[test]
fn a_run_stops_at_a_page_edge_before_its_deadline_and_the_next_goes_on() {
    let (bench, mut tenant) = Bench::one(300);
    bench.sandbox.change(KEY, |location| location.temper.latency = Duration::from_millis(400));

    let began = bench.clock.monotonic();
    let first = bench.pull_within(&mut tenant, Duration::from_secs(5)).unwrap();

    assert!(first.more && first.stats.imported > 50, "{first:?}");
    assert!(bench.clock.monotonic() - began < Duration::from_secs(5));
    assert!(tenant.noted("jobs").is_null(), "the cursor waits for the end of the sweeps");
    assert!(tenant.noted("resume")["sweep"].is_object() && tenant.noted("resume")["from"].is_string());

    let (last, runs) = bench.pull_through(&mut tenant, Duration::from_secs(5));

    assert!(runs > 1 && last.cursor.is_some());
    assert_eq!(tenant.sink.ids("jobs"), bench.job_ids());
    assert_eq!(tenant.sink.ids("contacts"), bench.contact_ids());
    assert!(tenant.noted("resume").is_null() && !tenant.noted("jobs").is_null());
    let whole = bench.sandbox.journal().entries().filter(|logged| logged.target.contains("/jobs?")).count();
    assert!(whole < 30, "{whole} pages: it does not begin anew each time");
}

#[test]
fn a_failed_run_goes_on_where_it_failed_and_forgets_within_an_hour() {
    for (pause, resumed) in [(Duration::from_secs(60), true), (HOUR + Duration::from_secs(60), false)] {
        let (bench, mut tenant) = Bench::one(300);
        bench.trouble(Trouble { skip: 9, path: "/jobs?".into(), ..Trouble::always(Fault::Bare(500)) });
        let failure = bench.pull(&mut tenant).unwrap_err();
        assert_eq!(failure.error.kind, ErrorKind::Transient);
        assert!(tenant.noted("jobs").is_null());
        bench.sandbox.change(KEY, |location| location.temper = Temper::default());
        bench.sandbox.clear_journal();
        bench.clock.advance(pause);

        bench.pull(&mut tenant).unwrap();

        let unassigned = bench.sandbox.journal().count("assignment=unassigned");
        assert_eq!(unassigned == 0, resumed, "{unassigned}");
        assert_eq!(tenant.sink.ids("jobs"), bench.job_ids());
        assert_eq!(tenant.sink.ids("contacts"), bench.contact_ids());
    }
}

#[test]
fn children_of_a_job_that_a_killed_run_had_written_come_with_the_next() {
    let (bench, mut tenant) = Bench::one(60);
    bench.pull(&mut tenant).unwrap();
    let cursor = tenant.cursor.clone();
    bench.clock.advance(HOUR);
    let now = bench.clock.now();
    bench.sandbox.change(KEY, |location| drop(location.add_job(now, true)));
    bench.trouble(Trouble { path: "/financials".into(), ..Trouble::always(Fault::Bare(500)) });
    bench.pull(&mut tenant).unwrap_err();
    assert_eq!((tenant.sink.ids("jobs").len(), tenant.sink.ids("financials").len()), (61, 60));

    // Who is killed leaves no cursor.
    tenant.cursor = cursor;
    bench.sandbox.change(KEY, |location| location.temper = Temper::default());
    let healed = bench.pull(&mut tenant).unwrap();
    let idle = bench.pull(&mut tenant).unwrap();

    assert_eq!(tenant.sink.ids("financials"), bench.job_ids());
    assert!(healed.stats.created > 0 && idle.stats.imported == 0, "{healed:?}");
    assert!(idle.stats.requests < 10, "its children are read once: {idle:?}");
}

#[test]
fn what_changed_while_a_sweep_was_cut_short_is_not_lost() {
    let (bench, mut tenant) = Bench::one(300);
    bench.pull_within(&mut tenant, Duration::from_secs(3)).unwrap();
    bench.clock.advance(Duration::from_secs(600));
    let now = bench.clock.now();
    bench.sandbox.change(KEY, |location| {
        (0..300).step_by(7).for_each(|index| location.edit_job(index, now));
        (0..12).for_each(|_| drop(location.jobs.remove(2)));
    });
    bench.pull_through(&mut tenant, Duration::from_secs(5));
    bench.clock.advance(HOUR);

    bench.pull(&mut tenant).unwrap();

    let kept = tenant.sink.ids("jobs");
    assert!(bench.job_ids().iter().all(|id| kept.contains(id)));
    for id in bench.job_ids().iter().step_by(10) {
        let mut modified = String::new();
        bench.sandbox.change(KEY, |location| {
            modified = location.jobs.iter().find(|job| job.id == *id).unwrap().modified.iso();
        });
        assert_eq!(tenant.sink.data("jobs", id).unwrap()["modifiedDate"], modified.as_str());
    }
}

#[test]
fn the_cursor_never_passes_the_start_of_the_run() {
    let (bench, mut tenant) = Bench::one(120);
    let started = bench.clock.now();
    let clock = bench.clock.clone();
    bench.sandbox.after_each(KEY, move |location, _| location.edit_job(100, clock.now()));

    bench.pull(&mut tenant).unwrap();

    assert!(tenant.noted("jobs").as_i64().unwrap() <= started.millis());
}

#[test]
fn a_run_without_time_for_a_page_fails_instead_of_spinning() {
    let (bench, mut tenant) = Bench::one(120);

    let failure = bench.pull_within(&mut tenant, Duration::from_millis(500)).unwrap_err();

    assert_eq!((failure.error.kind, failure.stats.requests), (ErrorKind::Timeout, 0));
}
