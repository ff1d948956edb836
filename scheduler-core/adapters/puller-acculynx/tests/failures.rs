//! What goes wrong upstream ends as a failure of the right class, and moves nothing.

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::{Bench, HOUR, KEY, TenantBench};
use puller_acculynx::sandbox::{Fault, Location, Temper, Trouble};
use scheduler_core::domain::ErrorKind;
use scheduler_core::ports::{Clock, Puller};

#[test]
fn a_failure_has_its_class_and_leaves_the_cursor() {
    let wait = |seconds: &str| Fault::TooMany(vec![("retry-after", seconds.to_owned())]);
    let cases = [
        (Fault::Unauthorized, ErrorKind::Auth, "refuses the API key (401)"),
        (Fault::Bare(500), ErrorKind::Transient, "/jobs answered 500"),
        (Fault::Html(503), ErrorKind::Transient, "/jobs answered 503: answered with HTML"),
        (Fault::Bare(408), ErrorKind::Transient, "/jobs answered 408"),
        (Fault::Reset, ErrorKind::Transient, "/jobs: the connection broke"),
        (Fault::Slow(Duration::from_secs(45)), ErrorKind::Transient, "/jobs: no answer in time"),
        (wait("3"), ErrorKind::RateLimited, "asks to slow down (429)"),
        (wait("7200"), ErrorKind::RateLimited, "asks to wait until"),
        (Fault::TooMany(Vec::new()), ErrorKind::RateLimited, "slow down (429)"),
        (Fault::Html(200), ErrorKind::Protocol, "/jobs answered with HTML"),
        (Fault::Truncated, ErrorKind::Protocol, "/jobs answered with JSON that is cut off"),
        (Fault::Empty, ErrorKind::Protocol, "/jobs answered with an empty body"),
        (Fault::Bare(302), ErrorKind::Protocol, "/jobs answered 302"),
        (Fault::Problem(400, "bad".into()), ErrorKind::Protocol, "/jobs answered 400: Refused: bad"),
        (Fault::Bare(403), ErrorKind::Auth, "/jobs is not open to this API key"),
        (Fault::Bare(404), ErrorKind::Protocol, "/jobs answered 404"),
    ];
    for (fault, kind, text) in cases {
        let (bench, mut tenant) = Bench::one(60);
        bench.pull(&mut tenant).unwrap();
        let before = tenant.noted("jobs");
        bench.clock.advance(HOUR);
        let now = bench.clock.now();
        bench.sandbox.change(KEY, |location| location.edit_job(20, now));
        bench.trouble(Trouble { skip: 1, path: "/jobs".into(), ..Trouble::always(fault.clone()) });

        let failure = bench.pull_within(&mut tenant, Duration::from_secs(1800)).unwrap_err();

        assert_eq!(failure.error.kind, kind, "{fault:?}: {failure:?}");
        assert!(failure.error.message.contains(text), "{fault:?}: {failure:?}");
        assert_eq!(tenant.noted("jobs"), before, "{fault:?}");
        assert_eq!(failure.retry_at.is_some(), kind == ErrorKind::RateLimited, "{failure:?}");

        bench.sandbox.change(KEY, |location| location.temper = Temper::default());
        bench.clock.advance(2 * HOUR);
        assert!(bench.pull(&mut tenant).unwrap().stats.updated >= 1, "{fault:?}: the edit comes later");
    }
}

#[test]
fn a_refused_key_is_asked_once_a_run() {
    let bench = Bench::new();
    let mut tenant = TenantBench::new("lost", "a-key-nobody-knows");

    for _ in 0..3 {
        let failure = bench.pull(&mut tenant).unwrap_err();
        assert_eq!((failure.error.kind, failure.stats.requests), (ErrorKind::Auth, 1));
        assert!(!failure.error.retryable && failure.cursor.is_none());
    }
    assert_eq!(bench.sandbox.journal().entries().count(), 3);
}

#[test]
fn what_passes_by_itself_is_tried_again_within_the_run() {
    for fault in [Fault::Bare(500), Fault::Html(503), Fault::Reset, Fault::Slow(Duration::from_secs(45))] {
        let (bench, mut tenant) = Bench::one(60);
        bench.trouble(Trouble::some("/jobs", 2, 3, fault.clone()));

        bench.pull(&mut tenant).unwrap_or_else(|failure| panic!("{fault:?}: {failure:?}"));

        assert_eq!(tenant.sink.ids("jobs"), bench.job_ids());
    }
}

#[test]
fn a_wait_that_is_asked_for_is_kept() {
    let (bench, mut tenant) = Bench::one(60);
    let date = "Tue, 10 Mar 2026 15:02:00 GMT".to_owned();
    for header in
        [("retry-after", "90".to_owned()), ("ratelimit-reset", "90".to_owned()), ("retry-after", date)]
    {
        bench.sandbox.clear_journal();
        let before = bench.clock.monotonic();
        bench.trouble(Trouble::some("/jobs", 0, 1, Fault::TooMany(vec![header.clone()])));

        bench.pull(&mut tenant).unwrap();

        let waited = bench.sandbox.journal().entries().nth(1).unwrap().at - before;
        // The date of the third has passed by then: it waits for the least.
        assert!(waited >= Duration::from_secs(90) || header.1.contains("GMT"), "{header:?}: {waited:?}");
        assert!(
            waited >= Duration::from_secs(1) && waited < Duration::from_secs(95),
            "{header:?}: {waited:?}"
        );
    }
}

#[test]
fn a_refusal_without_a_reason_holds_every_key() {
    let bench = Bench::new();
    let mut tenants = Vec::new();
    for name in ["one", "two", "three"] {
        bench.sandbox.add(name, Location::generate(name, 60, 3, bench.clock.now()));
        tenants.push(TenantBench::new(name, name));
    }
    bench.sandbox.change("one", |location| {
        location.temper.troubles = vec![Trouble::some("/jobs", 3, 1, Fault::TooMany(Vec::new()))];
    });

    let results = bench.pull_all(&mut tenants, HOUR);

    assert!(results.iter().all(Result::is_ok));
    let journal = bench.sandbox.journal();
    let refused = journal.entries().find(|logged| logged.status == 429).unwrap().at;
    let next = journal.entries().map(|logged| logged.at).find(|at| *at > refused).unwrap();
    assert!(next >= refused + Duration::from_secs(30), "{refused:?} {next:?}");
}

#[test]
fn a_wait_past_the_end_of_the_run_ends_it_with_the_time_to_come_back() {
    let (bench, mut tenant) = Bench::one(60);
    bench.trouble(Trouble::always(Fault::TooMany(vec![("retry-after", "600".into())])));

    let began = bench.clock.monotonic();
    let failure = bench.pull_within(&mut tenant, Duration::from_secs(60)).unwrap_err();

    assert_eq!(failure.error.kind, ErrorKind::RateLimited);
    assert_eq!(failure.retry_at, Some(bench.clock.now() + Duration::from_secs(600)));
    assert_eq!((bench.clock.monotonic(), failure.stats.requests), (began, 1), "it does not wait in vain");
}

#[test]
fn a_lost_lease_ends_the_run() {
    let (bench, mut tenant) = Bench::one(60);
    tenant.sink.refuse();

    let failure = bench.pull(&mut tenant).unwrap_err();

    assert_eq!(failure.error.kind, ErrorKind::Cancelled);
    assert_eq!(failure.stats.requests, 1);
}

#[test]
fn a_connection_that_can_not_work_fails_before_anything_is_sent() {
    let (bench, mut tenant) = Bench::one(5);
    tenant.connection.base_url = Some("https://acculynx.com.evil.example/api/v2".into());

    let failure = bench.pull(&mut tenant).unwrap_err();

    assert_eq!((failure.error.kind, bench.sandbox.journal().entries().count()), (ErrorKind::Config, 0));
}

#[test]
fn a_live_check_names_the_company_or_the_failure() {
    for company_id in [false, true] {
        let (bench, tenant) = Bench::one(5);
        bench.sandbox.change(KEY, |location| location.temper.company_id = company_id);
        let clock: Arc<dyn Clock> = Arc::new(bench.clock.clone());

        let good = futures::executor::block_on(bench.puller.test(&tenant.connection, clock.clone()));
        let bad = TenantBench::new("lost", "nobody").connection;
        let bad = futures::executor::block_on(bench.puller.test(&bad, clock)).unwrap_err();

        assert_eq!(good.as_deref(), Ok("Peak Roofing"));
        assert_eq!(bad.kind, ErrorKind::Auth);
    }
}
