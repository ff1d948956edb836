//! The scheduler alone: bursts, even load, idling, bad neighbours, ticks and restarts.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures::executor::block_on;
use scheduler_core::domain::{Spec, Timestamp};
use scheduler_core::engine::Budget;

use crate::measure::{Row, cpu, mb, ms, percentile, resident};
use crate::world::{Temper, World, interval, micros, source, sqlite, tenant};

/// 10,000 tenants due at one instant.
pub(crate) fn burst(store: &str) -> Row {
    let world = World::new(store, HashMap::new());
    world.register(10_000, &Spec::every(interval(3600)));
    let (began, wall) = (Instant::now(), micros());
    let report = block_on(world.engine.tick(Budget::default())).expect("the tick works");
    let took = began.elapsed();
    assert!(report.succeeded >= 10_000 && report.remaining_due == 0, "{report:?}");
    let mut starts: Vec<_> =
        world.puller.starts.lock().expect("nobody panics with it").iter().map(|(_, at)| at - wall).collect();
    Row {
        what: "10,000 due at one instant, run and finished".into(),
        measured: format!(
            "{:.3} s, start p99 {:.3} s",
            took.as_secs_f64(),
            percentile(&mut starts, 0.99) as f64 / 1e6
        ),
        goal: "<= 0.35 s, p99 <= 0.35 s",
    }
}

/// 200 runs a second, spread evenly.
pub(crate) fn steady(store: &str) -> Row {
    let world = World::new(store, HashMap::new());
    world.register(200, &Spec::every(interval(1)));
    let (mut late, used) = world.drive(|| {
        std::thread::sleep(Duration::from_secs(2));
        let (since, before) = (micros(), cpu());
        std::thread::sleep(Duration::from_secs(20));
        (world.lateness(1, since), cpu().saturating_sub(before))
    });
    let (count, p50, p99) = (late.len(), percentile(&mut late, 0.5), percentile(&mut late, 0.99));
    Row {
        what: "200 runs/s spread evenly, 20 s".into(),
        measured: format!(
            "{count} runs, late p50 {} p99 {}, CPU {:.2} s, {}",
            ms(p50),
            ms(p99),
            used.as_secs_f64(),
            mb(resident())
        ),
        goal: "p50 <= 0.3 p99 <= 1 ms, CPU <= 0.5 s, <= 30 MB",
    }
}

/// 100,000 schedules with nothing to do.
pub(crate) fn idle(store: &str) -> Row {
    let world = World::new(store, HashMap::new());
    let later = Timestamp::from_millis(micros() / 1000 + 86_400_000);
    let empty = resident();
    let began = Instant::now();
    world.register(100_000, &Spec { starts_at: Some(later), ..Spec::every(interval(300)) });
    let registered = began.elapsed();
    let used = world.drive(|| {
        std::thread::sleep(Duration::from_secs(1));
        let before = cpu();
        std::thread::sleep(Duration::from_secs(5));
        cpu().saturating_sub(before)
    });
    Row {
        what: "100,000 idle schedules".into(),
        measured: format!(
            "registered in {:.2} s, CPU {:.1} %, {} ({} B each)",
            registered.as_secs_f64(),
            used.as_secs_f64() / 5.0 * 100.0,
            mb(resident()),
            resident().saturating_sub(empty) / 100_000
        ),
        goal: "<= 0.6 s, 0 %, <= 60 MB",
    }
}

/// One tenant hung, one throwing, 48 every two seconds.
pub(crate) fn neighbours(store: &str) -> Row {
    std::panic::set_hook(Box::new(|_| {}));
    let mut tempers = HashMap::from([(tenant(48), Temper::Hangs), (tenant(49), Temper::Throws)]);
    tempers.extend((0..48).map(|n| (tenant(n), Temper::Takes(Duration::from_millis(20)))));
    let world = World::new(store, tempers);
    world.register(50, &Spec { pause_after_failures: 1000, ..Spec::every(interval(2)) });
    let since = world.drive(|| {
        std::thread::sleep(Duration::from_secs(2));
        let since = micros();
        std::thread::sleep(Duration::from_secs(20));
        since
    });
    let until = since + 20_000_000;
    let mut starts = world.puller.starts.lock().expect("nobody panics with it").clone();
    starts.retain(|(who, at)| (since..until).contains(at) && *who != tenant(48) && *who != tenant(49));
    *world.puller.starts.lock().expect("nobody panics with it") = starts;
    let mut late = world.lateness(2, since);
    Row {
        what: "1 hung, 1 throwing, 48 every 2 s, 20 s".into(),
        measured: format!("{} of 480 slots, late p99 {}", late.len(), ms(percentile(&mut late, 0.99))),
        goal: "480 of 480, p99 <= 2.4 ms",
    }
}

/// What it costs to look when nothing is due.
pub(crate) fn tick(store: &str) -> Row {
    let sizes: &[usize] = &[1_000, 1_000_000];
    let mut measured = Vec::new();
    for size in sizes {
        let world = World::new(store, HashMap::new());
        let later = Timestamp::from_millis(micros() / 1000 + 86_400_000);
        world.register(*size, &Spec { starts_at: Some(later), ..Spec::every(interval(300)) });
        let began = Instant::now();
        for _ in 0..1000 {
            block_on(world.engine.tick(Budget::default())).expect("the tick works");
        }
        measured.push(format!("{size} schedules {:.1} us", began.elapsed().as_secs_f64() * 1e3));
    }
    Row { what: "a tick with nothing due".into(), measured: measured.join(", "), goal: "flat" }
}

/// A scrape with 100,000 tenants, each of which has run once.
pub(crate) fn metrics(store: &str) -> Row {
    let world = World::new(store, HashMap::new());
    world.register(100_000, &Spec::every(interval(86_400)));
    block_on(world.engine.tick(Budget::default())).expect("the tick works");
    let mut took: Vec<_> = Vec::new();
    let mut bytes = 0;
    for _ in 0..10 {
        let began = Instant::now();
        let census = block_on(world.engine.census()).expect("a census");
        bytes = world.engine.metrics().render(&census, true).len();
        took.push(i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX));
    }
    Row {
        what: "/metrics with 100,000 tenants".into(),
        measured: format!("{:.2} MB, p50 {}", bytes as f64 / 1e6, ms(percentile(&mut took, 0.5))),
        goal: "<= 2 MB, <= 250 ms",
    }
}

/// A kill with 500 runs in flight, and a start on the same store.
pub(crate) fn restart(_store: &str) -> Row {
    let folder =
        tempfile::TempDir::new_in(std::env::current_dir().expect("a working directory")).expect("a folder");
    let path = folder.path().join("bench.db");
    {
        let world =
            World::on(sqlite(path.clone()), (0..500).map(|n| (tenant(n), Temper::Hangs)).collect(), "1");
        world.register(500, &Spec::every(interval(3600)));
        let mut tick = Box::pin(world.engine.tick(Budget::default()));
        // Polled until every run is in flight, then dropped where it stands.
        let waker = futures::task::noop_waker();
        while world.engine.health().in_flight < 500 {
            let _pending =
                std::future::Future::poll(tick.as_mut(), &mut std::task::Context::from_waker(&waker));
        }
    }
    let began = Instant::now();
    let world = World::on(sqlite(path), HashMap::new(), "2");
    let recovered = block_on(world.engine.recover()).expect("leases are taken back");
    let report = block_on(world.engine.tick(Budget::default())).expect("the tick works");
    let took = began.elapsed();
    let sources = block_on(world.store.scan(&source(), None, 1000)).expect("a scan").len();
    Row {
        what: "restart with 500 runs in flight".into(),
        measured: format!(
            "{recovered} taken back, {} of {sources} ran again in {:.3} s",
            report.succeeded,
            took.as_secs_f64()
        ),
        goal: "500 of 500 in <= 2 s",
    }
}
