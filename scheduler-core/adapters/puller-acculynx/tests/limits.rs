//! Many tenants at once stay within AccuLynx's limits, and one never waits for another's.

mod bench;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::{Bench, HOUR, TenantBench};
use puller_acculynx::Config;
use puller_acculynx::sandbox::{Location, Policing};

#[test]
fn no_second_holds_more_than_ten_requests_of_a_key_or_thirty_of_all() {
    for latency_ms in [0, 40, 700] {
        let (bench, mut tenants) = crowd(12, 120, Duration::from_millis(latency_ms));

        let results = bench.pull_all(&mut tenants, HOUR);

        assert!(results.iter().all(Result::is_ok));
        let journal = bench.sandbox.journal();
        assert!(journal.busiest_second(None) <= 30, "{}", journal.busiest_second(None));
        for tenant in &tenants {
            let key = tenant.connection.api_key.expose();
            assert!(journal.busiest_second(Some(key)) <= 10, "{key}");
        }
        assert!(journal.entries().all(|logged| logged.status != 429));
        // The limit is used: all of it but for what a key's own limit leaves.
        let took = journal.entries().last().unwrap().at.as_secs_f64();
        let rate = journal.entries().count() as f64 / took;
        assert!(rate > 18.0, "{rate} a second");
    }
}

#[test]
fn a_small_tenant_is_done_long_before_large_ones() {
    let (bench, mut tenants) = crowd(6, 200, Duration::ZERO);
    bench
        .sandbox
        .add("small", Location::generate("Small", 3, 1, scheduler_core::ports::Clock::now(&bench.clock)));
    tenants.push(TenantBench::new("small", "small"));

    bench.pull_all(&mut tenants, HOUR);

    let journal = bench.sandbox.journal();
    let last = |key: &str| journal.entries().filter(|logged| logged.key == key).map(|logged| logged.at).max();
    assert!(last("small").unwrap() < Duration::from_secs(12), "{:?}", last("small"));
    assert!(last("key-0").unwrap() > Duration::from_secs(60));
}

#[test]
fn a_ban_is_sat_out() {
    let (bench, mut tenants) = crowd(2, 60, Duration::ZERO);
    // A server that allows far less than it says.
    let strict = Policing { per_key: 100, in_all: 6, headers: false, ban: Duration::from_secs(30) };
    bench.sandbox.police(strict);

    let results = bench.pull_all(&mut tenants, Duration::from_secs(1200));

    for result in results {
        let kind = result.map_or_else(|failure| failure.error.kind.as_str(), |_| "ok");
        assert!(["ok", "rate_limited"].contains(&kind), "{kind}");
    }
    let journal = bench.sandbox.journal();
    let refused: Vec<_> =
        journal.entries().filter(|logged| logged.status == 429).map(|logged| logged.at).collect();
    assert!(!refused.is_empty());
    for at in refused {
        let ban = at + Duration::from_millis(1)..at + Duration::from_secs(30);
        assert!(
            !journal.entries().any(|logged| ban.contains(&logged.at)),
            "knocked during the ban of {at:?}"
        );
    }
}

#[test]
fn every_exchange_is_reported_by_endpoint_and_status() {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = reports.clone();
    let observer: puller_acculynx::Observer = Arc::new(move |report| seen.lock().unwrap().push(*report));
    let (bench, mut tenant) = Bench::one_with(30, Config { observer: Some(observer), ..Config::default() });

    let pulled = bench.pull(&mut tenant).unwrap();

    let reports = reports.lock().unwrap();
    assert_eq!(reports.len() as u64, pulled.stats.requests);
    assert!(
        reports.iter().any(|report| report.endpoint == "/jobs/{id}/financials" && report.label() == "200")
    );
    assert!(reports.iter().any(|report| report.label() == "404"), "leaves of leads");
}

fn crowd(tenants: usize, jobs: usize, latency: Duration) -> (Bench, Vec<TenantBench>) {
    let bench = Bench::new();
    let now = scheduler_core::ports::Clock::now(&bench.clock);
    let make = |index: usize| {
        let key = format!("key-{index}");
        let mut location = Location::generate(&key, jobs, index as u64, now);
        location.temper.latency = latency;
        bench.sandbox.add(&key, location);
        TenantBench::new(&key, &key)
    };
    let tenants = (0..tenants).map(make).collect();
    (bench, tenants)
}
