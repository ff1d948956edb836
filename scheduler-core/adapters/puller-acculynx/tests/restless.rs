//! Sweeps over lists that move at random, by seed: what was there all along is always brought.

mod bench;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bench::{Bench, HOUR, KEY};
use puller_acculynx::Config;
use scheduler_core::ports::Clock;

#[test]
fn what_was_there_all_along_is_brought_whatever_moves() {
    let seeds = std::env::var("RESTLESS_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(25);
    for seed in 0..seeds {
        sweep_restless(seed);
    }
}

fn sweep_restless(seed: u64) {
    let mut dice = Dice(seed);
    let jobs = 30 + dice.below(300);
    let (most_deleted, most_edited) = (dice.below(9), dice.below(20));
    // Without children, so that many sweeps fit into a test.
    let config = Config { child_requests: 0, contacts_every: 1, ..Config::default() };
    let (bench, mut tenant) = Bench::one_with(jobs, config);
    let old = bench.job_ids();
    let clock = bench.clock.clone();
    let restless = Arc::new(AtomicBool::new(true));
    let moving = restless.clone();
    bench.sandbox.after_each(KEY, move |location, _| {
        if !moving.load(Ordering::Relaxed) {
            return;
        }
        let now = clock.now();
        for _ in 0..dice.below(most_deleted + 1) {
            if location.jobs.len() > 20 {
                let victim = dice.below(location.jobs.len());
                location.jobs.remove(victim);
            }
        }
        for _ in 0..dice.below(most_edited + 1) {
            let index = dice.below(location.jobs.len());
            location.edit_job(index, now);
        }
        if dice.below(3) == 0 {
            let index = dice.below(location.jobs.len());
            location.assign_job(index, now);
            location.add_job(now, dice.below(2) == 0);
        }
    });

    for run in 0..2 {
        let pulled = bench.pull(&mut tenant).unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}"));
        let kept = tenant.sink.ids("jobs");
        let lost = bench.job_ids().into_iter().filter(|id| old.contains(id) && !kept.contains(id)).count();
        assert_eq!(lost, 0, "seed {seed}, run {run}: of {jobs} jobs, {:?}", pulled.stats);
        assert!(!tenant.sink.wrote_twice(), "seed {seed}");
        bench.clock.advance(HOUR);
    }
    restless.store(false, Ordering::Relaxed);
    bench.pull(&mut tenant).expect("a quiet list");
    bench.clock.advance(HOUR);

    let last = bench.pull(&mut tenant).expect("a quiet list");

    let kept = tenant.sink.ids("jobs");
    assert!(bench.job_ids().iter().all(|id| kept.contains(id)), "seed {seed}");
    assert_eq!(last.stats.imported, 0, "seed {seed}: {:?}", last.stats);
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        ((z ^ (z >> 27)) % bound.max(1) as u64) as usize
    }
}
