//! The scheduler inside another program: a clock, a puller, a store in memory. Ends by itself.
//!
//! `cargo run -p scheduler-core --example embed`

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scheduler_core::domain::*;
use scheduler_core::engine::{CommandError, Engine, EngineConfig, Pullers};
use scheduler_core::machine::Command;
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{Clock, PullContext, PullFailure, Pulled, Puller, RunQuery, Store};
use scheduler_core::vault::{StoredConnections, Vault};
use serde_json::{json, value::to_raw_value};

use clock::SystemClock;

/// Brings two made-up records: one is the same every time, one changes with every run.
struct Garden;

#[async_trait]
impl Puller for Garden {
    async fn pull(&self, context: PullContext) -> Result<Pulled, PullFailure> {
        let plant = |id: &str, height: u32| {
            let data = to_raw_value(&json!({ "id": id, "height_cm": height })).expect("JSON of two fields");
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&height.to_be_bytes());
            Item { entity: "plants".into(), external_id: id.into(), modified: None, hash, data }
        };
        let grown = u32::try_from(context.clock.monotonic().as_millis()).unwrap_or(u32::MAX);
        let tally = context.sink.write(vec![plant("oak", 900), plant("bean", grown)]).await?;
        let stats = Stats {
            imported: tally.created + tally.updated,
            skipped: tally.unchanged,
            created: tally.created,
            updated: tally.updated,
            ..Stats::default()
        };
        Ok(Pulled { stats, ..Pulled::default() })
    }

    fn needs_connection(&self) -> bool {
        false
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let source = Source::parse("garden")?;
    let key = Key::new(source.clone(), Tenant::parse("peakpro")?);
    let every_second = Interval::within(1, Limits { min_interval_sec: 1, ..Limits::default() })?;

    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::new(SystemClock::start()));
    let pullers = Pullers::from([(source.clone(), Arc::new(Garden) as Arc<dyn Puller>)]);
    let connections = Arc::new(StoredConnections::new(store.clone(), Arc::new(Vault::new([0; 32]))));
    let metrics = Metrics::new("embed", "0", "none", TenantLabels::default());

    futures::executor::block_on(async {
        let engine =
            Engine::new(store.clone(), clock.clone(), pullers, connections, metrics, EngineConfig::default())
                .await?;
        let place = store.place(&source, 1).await?;
        let put = |_: &Record| Ok(Command::Put { spec: Spec::every(every_second), place });
        engine.command::<CommandError>(&key, &Caller::system(), None, put, |_| None).await?;

        engine.run(clock.sleep(Duration::from_millis(3500))).await;

        for run in store.runs(&newest_first(source)).await?.rows.iter().rev() {
            let Stats { created, updated, skipped, .. } = run.stats;
            let (state, late) = (run.state.as_str(), run.lateness_ms.unwrap_or(0));
            say(&format!(
                "{} {state}, {late} ms late: {created} created, {updated} updated, {skipped} the same",
                run.started.iso()
            ));
        }
        for range in store.occurrences(&key, Timestamp::MIN, Timestamp::MAX).await? {
            say(&format!("{} slots: {}", range.count, range.disposition.as_str()));
        }
        Ok(())
    })
}

fn newest_first(source: Source) -> RunQuery {
    RunQuery {
        source,
        scope: Scope::All,
        state: None,
        trigger: None,
        since: None,
        until: None,
        cursor: None,
        limit: 10,
    }
}

#[expect(clippy::print_stdout, reason = "an example shows what happened")]
fn say(line: &str) {
    println!("{line}");
}

mod clock {
    //! The machine's clock. Each sleeper gets a thread: fine for an example, a host would share one.

    #![expect(clippy::disallowed_methods, reason = "this is the one clock, from which all others are told")]

    use std::thread;
    use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

    use async_trait::async_trait;
    use futures::channel::oneshot;
    use scheduler_core::domain::Timestamp;
    use scheduler_core::ports::Clock;

    pub(crate) struct SystemClock(Instant);

    impl SystemClock {
        pub(crate) fn start() -> Self {
            Self(Instant::now())
        }
    }

    #[async_trait]
    impl Clock for SystemClock {
        fn now(&self) -> Timestamp {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        }

        fn monotonic(&self) -> Duration {
            self.0.elapsed()
        }

        async fn sleep(&self, span: Duration) {
            let (wake, woken) = oneshot::channel();
            thread::spawn(move || {
                thread::sleep(span);
                let _nobody_waits = wake.send(());
            });
            let _always_sent = woken.await;
        }
    }
}
