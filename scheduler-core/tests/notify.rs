//! Notifications in simulated time: what is told, when, and what becomes of a receiver that fails.

#[expect(dead_code, reason = "the tests of the engine use more of it")]
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use scheduler_core::domain::*;
use scheduler_core::engine::EngineConfig;
use scheduler_core::machine::Command;
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::Census;
use scheduler_core::notify::{Notifier, Webhook};
use scheduler_core::ports::*;
use serde_json::Value;
use support::{Script, World, every};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A receiver that answers as it is told, and then 204.
#[derive(Default)]
struct Receiver {
    answers: Mutex<Vec<Result<u16, HttpError>>>,
    got: Mutex<Vec<HttpRequest>>,
}

impl Receiver {
    fn answering(answers: &[Result<u16, HttpError>]) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.to_vec()), ..Self::default() })
    }

    fn messages(&self) -> Vec<Value> {
        let got = self.got.lock().expect("nobody panics with it");
        got.iter().filter_map(|request| serde_json::from_slice(request.body.as_deref()?).ok()).collect()
    }

    /// Of each message its kind and its tenants.
    fn told(&self) -> Vec<(String, Vec<String>)> {
        let name = |tenant: &Value| tenant["tenant"].as_str().unwrap_or_default().to_owned();
        let told = |message: &Value| {
            let tenants = message["data"]["tenants"].as_array().into_iter().flatten();
            (message["type"].as_str().unwrap_or_default().to_owned(), tenants.map(name).collect())
        };
        self.messages().iter().map(told).collect()
    }

    fn headers(&self, name: &str) -> Vec<String> {
        let got = self.got.lock().expect("nobody panics with it");
        let of = |request: &HttpRequest| {
            request.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone())
        };
        got.iter().filter_map(of).collect()
    }
}

#[async_trait]
impl HttpClient for Receiver {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.got.lock().expect("nobody panics with it").push(request);
        let mut answers = self.answers.lock().expect("nobody panics with it");
        let answer = if answers.is_empty() { Ok(204) } else { answers.remove(0) };
        answer.map(|status| HttpResponse { status, headers: Vec::new(), body: Bytes::new() })
    }
}

fn notify(world: &mut World, receiver: &Arc<Receiver>) {
    let allowed = ["hooks.example".to_owned()];
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let webhook = Webhook::new("https://hooks.example/x", secret, &allowed).expect("allowed");
    let notifier = Notifier::new(world.engine.clone(), receiver.clone(), webhook);
    // Spawned for good: a handle that is dropped takes its work along.
    std::mem::forget(world.spawn(notifier.run(Duration::from_secs(30))));
}

fn told(kind: &str, tenants: &[&str]) -> (String, Vec<String>) {
    (kind.to_owned(), tenants.iter().map(|tenant| (*tenant).to_owned()).collect())
}

#[test]
fn a_breaker_that_opens_and_closes_is_told_once_each() {
    let mut world = World::new();
    let receiver = Receiver::answering(&[]);
    notify(&mut world, &receiver);
    world.puller.set("locked", Script::Fails(ErrorKind::Auth));
    world.start();
    for tenant in ["locked", "fine"] {
        world.create(tenant, every(60));
    }

    world.pass(10 * MINUTE);
    assert_eq!(receiver.told(), [told("tenants.auto_paused", &["locked"])]);
    let first = &receiver.messages()[0];
    assert_eq!(first["data"]["count"], 1, "{first}");
    assert_eq!(first["data"]["tenants"][0]["cause"], "auth", "{first}");
    assert_eq!(first["data"]["tenants"][0]["source"], "acculynx", "{first}");

    world.puller.set("locked", Script::Takes(Duration::from_secs(1)));
    world.pass(2 * HOUR);
    let all = [told("tenants.auto_paused", &["locked"]), told("tenants.recovered", &["locked"])];
    assert_eq!(receiver.told(), all);
}

#[test]
fn a_tenant_that_hangs_is_told_while_it_hangs_and_when_it_runs_again() {
    let mut world = World::new();
    let receiver = Receiver::answering(&[]);
    notify(&mut world, &receiver);
    world.start();
    world.create("fine", every(60));
    world.create("hung", Spec { timeout_sec: 3600, ..every(60) });
    world.pass(5 * MINUTE);
    assert_eq!(receiver.told(), []);

    world.puller.set("hung", Script::Hangs);
    world.pass(5 * MINUTE);
    assert_eq!(receiver.told(), [told("tenants.missed_runs", &["hung"])]);
    let census = futures::executor::block_on(world.engine.census()).expect("a census");
    assert_eq!((census.overdue, census.worst[0].0.as_str()), (1, "hung"));

    world.puller.set("hung", Script::Takes(Duration::from_secs(1)));
    let run_id = world.schedule("hung").run.expect("it hangs").run_id.clone();
    world.give("hung", Command::Cancel { run_id }).expect("cancelled");
    world.pass(5 * MINUTE);
    let all = [told("tenants.missed_runs", &["hung"]), told("tenants.recovered", &["hung"])];
    assert_eq!(receiver.told(), all);
}

#[test]
fn silence_that_an_operator_asked_for_is_no_news() {
    let mut world = World::new();
    let receiver = Receiver::answering(&[]);
    notify(&mut world, &receiver);
    world.puller.set("hung", Script::Hangs);
    world.start();
    world.create("paused", every(60));
    world.create("hung", Spec { timeout_sec: 3600, ..every(60) });
    world
        .give("paused", Command::Pause { reason: None, until: Some(world.clock.now() + HOUR / 2) })
        .expect("paused");
    world.pass(5 * MINUTE);
    assert_eq!(receiver.told(), [told("tenants.missed_runs", &["hung"])]);

    world.give("hung", Command::Delete).expect("deleted");
    world.pass(HOUR);

    assert_eq!(receiver.told().len(), 1, "{:?}", receiver.told());
}

#[test]
fn an_outage_is_told_once_for_all_tenants_by_the_process_that_ends_it() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let mut before = World::on(store.clone(), World::new().clock, "1", EngineConfig::default());
    before.start();
    for number in 0..130 {
        before.create(&format!("tenant-{number}"), every(60));
    }
    before.pass(MINUTE);
    before.stop();
    before.clock.advance(HOUR);

    let mut after = World::on(store, before.clock.clone(), "2", EngineConfig::default());
    let receiver = Receiver::answering(&[]);
    notify(&mut after, &receiver);
    after.start();
    after.pass(5 * MINUTE);

    let messages = receiver.messages();
    assert_eq!(messages.len(), 1, "{:?}", receiver.told());
    assert_eq!(messages[0]["type"], "tenants.missed_runs");
    assert_eq!(messages[0]["data"]["count"], 130);
    assert_eq!(messages[0]["data"]["tenants"].as_array().map(Vec::len), Some(100));
    let metrics = after.engine.metrics().render(&Census::default(), true);
    let skipped = metrics.lines().find(|line| line.contains(r#"outcome="skipped",trigger="schedule""#));
    let skipped: u64 = skipped.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0);
    assert!((130 * 58..=130 * 61).contains(&skipped), "{skipped}");
}

#[test]
fn a_receiver_that_fails_is_tried_again_with_the_same_id_and_delays_no_run() {
    let mut world = World::new();
    let receiver = Receiver::answering(&[Ok(503), Err(HttpError::Timeout), Ok(429)]);
    notify(&mut world, &receiver);
    world.puller.set("locked", Script::Fails(ErrorKind::Auth));
    world.start();
    world.create("locked", every(60));
    world.create("fine", every(5));
    world.pass(10 * MINUTE);

    assert_eq!(receiver.told(), vec![told("tenants.auto_paused", &["locked"]); 4]);
    let ids = receiver.headers("webhook-id");
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert!(receiver.headers("webhook-signature").iter().all(|signature| signature.starts_with("v1,")));
    assert!(receiver.headers("webhook-timestamp").is_sorted());
    assert!(world.runs("fine").iter().all(|run| run.lateness_ms == Some(0)));
    let metrics = world.engine.metrics().render(&Census::default(), true);
    for line in [
        r#"aetherlink_notifications_total{result="sent"} 1"#,
        r#"aetherlink_notifications_total{result="retried"} 3"#,
        r#"aetherlink_notifications_total{result="failed"} 0"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[test]
fn a_receiver_that_stays_away_is_given_up_and_one_that_refuses_is_not_asked_twice() {
    for (answer, tries) in
        [(Ok(500), 6), (Err(HttpError::Connect("refused".into())), 6), (Ok(404), 1), (Ok(302), 1)]
    {
        let mut world = World::new();
        let receiver = Receiver::answering(&vec![answer.clone(); 20]);
        notify(&mut world, &receiver);
        world.puller.set("locked", Script::Fails(ErrorKind::Auth));
        world.start();
        world.create("locked", every(60));
        world.pass(30 * MINUTE);

        assert_eq!(receiver.messages().len(), tries, "{answer:?}");
        let metrics = world.engine.metrics().render(&Census::default(), true);
        assert!(metrics.contains(r#"aetherlink_notifications_total{result="failed"} 1"#), "{metrics}");
    }
}
