//! What processes that come and go have counted is added up, and none of it is lost.
#![expect(clippy::unwrap_used, reason = "a test that can not go on may panic")]

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use scheduler_core::domain::Timestamp;
use scheduler_core::engine::{Budget, Engine, EngineConfig, Pullers};
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{ManualClock, Store};
use scheduler_core::vault::{StoredConnections, Vault};

const SPAN: Duration = Duration::from_secs(300);

struct World {
    store: Arc<MemoryStore>,
    clock: Arc<ManualClock>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
        Self { store: Arc::default(), clock }
    }

    /// A process that has counted nothing yet.
    fn process(&self) -> Arc<Engine> {
        let store: Arc<dyn Store> = self.store.clone();
        let connections = Arc::new(StoredConnections::new(store.clone(), Arc::new(Vault::new([0; 32]))));
        let metrics = Metrics::new("wasi", "0", "none", TenantLabels::default());
        let config = EngineConfig { counts_together: Some(SPAN), ..EngineConfig::default() };
        let clock = self.clock.clone();
        block_on(Engine::new(store, clock, Pullers::new(), connections, metrics, config)).unwrap()
    }

    /// Ticks as all processes have counted them, by one that has made none.
    fn ticks(&self) -> u64 {
        let text = block_on(self.process().metrics_text(true)).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(r#"aetherlink_ticks_total{result="ok"} "#));
        line.unwrap().parse().unwrap()
    }
}

fn tick(process: &Engine) {
    block_on(process.tick(Budget::default())).unwrap();
    block_on(process.save_counts(Duration::ZERO)).unwrap();
}

#[test]
fn processes_that_live_for_one_tick_are_all_counted() {
    let world = World::new();
    for ticked in 1..=600 {
        tick(&world.process());
        world.clock.advance(Duration::from_secs(7));
        if ticked % 50 == 1 {
            assert_eq!(world.ticks(), ticked);
        }
    }

    assert_eq!(world.ticks(), 600);
}

#[test]
fn a_process_counts_on_after_its_entry_is_final() {
    let world = World::new();
    let (one, other) = (world.process(), world.process());
    for _ in 0..20 {
        tick(&one);
        tick(&other);
        world.clock.advance(SPAN / 2);
    }

    assert_eq!(world.ticks(), 40);
}

#[test]
fn whose_sum_is_stored_last_does_not_matter() {
    let world = World::new();
    for _ in 0..5 {
        tick(&world.process());
    }
    world.clock.advance(SPAN);
    for _ in 0..5 {
        tick(&world.process());
    }
    world.clock.advance(SPAN);
    tick(&world.process());
    let sum = || block_on(world.store.answer("counted", Timestamp::from_secs(1_800_000_000))).unwrap();
    let early = sum().unwrap();
    world.clock.advance(SPAN);
    tick(&world.process());
    assert_ne!(sum().unwrap().body, early.body);

    block_on(world.store.put_answer(early, None)).unwrap();

    assert_eq!(world.ticks(), 12);
    tick(&world.process());
    assert_eq!(world.ticks(), 13);
}
