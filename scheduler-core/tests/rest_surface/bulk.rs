//! Bulk commands that go on by themselves: in steps, once per schedule, whoever dies on the way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::executor::block_on;
use futures::future::BoxFuture;
use scheduler_core::domain::{Bulk, BulkState, Caller, Key, Role, Scope, Source, Tenant, Timestamp};
use scheduler_core::engine::{Background, Budget, EngineConfig};
use scheduler_core::machine::{Command, decide};
use scheduler_core::memory::MemoryStore;
use scheduler_core::ports::{Clock, Store, commit_one};
use serde_json::{Value, json};

use super::harness::{Answer, Surface, tenant};

/// A host that puts off what is to go on in the background.
#[derive(Default)]
struct Later(Mutex<Vec<BoxFuture<'static, ()>>>);

impl std::fmt::Debug for Later {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Later")
    }
}

impl Background for Later {
    fn time(&self) -> Duration {
        Duration::MAX
    }

    fn go_on(&self, work: BoxFuture<'static, ()>) {
        self.0.lock().unwrap().push(work);
    }
}

/// A surface whose background work waits, with so many schedules.
fn with_schedules(count: usize) -> Surface {
    let config = EngineConfig { background: Some(Arc::new(Later::default())), ..EngineConfig::default() };
    let surface = Surface::working(Arc::new(MemoryStore::new()), config, |app| app.loopback(true));
    for n in 0..count {
        surface.post(&format!("t{n:03}"), "schedule", r#"{"interval_sec":604800}"#).is(200);
    }
    block_on(surface.engine.tick(Budget::default())).unwrap();
    surface
}

fn begin(surface: &Surface, body: &str) -> Answer {
    let body = body.replacen('{', r#"{"background":true,"#, 1);
    surface.call("POST", "bulk", &[], &body)
}

fn told(surface: &Surface, id: &Value) -> Value {
    surface.call("GET", &format!("bulk/{}", id.as_str().unwrap()), &[], "").is(200).json()["bulk"].clone()
}

fn counts(bulk: &Value) -> [u64; 4] {
    ["matched", "done", "changed", "failed_total"].map(|name| bulk[name].as_u64().unwrap())
}

fn tick(surface: &Surface) {
    block_on(surface.engine.tick(Budget::default())).unwrap();
}

fn audited(surface: &Surface, name: &str) -> usize {
    let key = Key::new(Source::parse("acculynx").unwrap(), tenant(name));
    block_on(surface.store.chain(&key, 0, 100)).unwrap().len()
}

/// Changes what is stored of a bulk command, as a process that died would have left it.
fn rewrite(surface: &Surface, id: &Value, edit: impl FnOnce(&mut Bulk)) {
    let key = Bulk::key_of(id.as_str().unwrap()).unwrap();
    let record = block_on(surface.store.load(&key)).unwrap().unwrap();
    let mut bulk = Bulk::clone(record.bulk.as_ref().unwrap());
    edit(&mut bulk);
    let command = Command::Bulk { bulk: Box::new(bulk), draft: None };
    let change = decide(&record, command, &Caller::system(), surface.clock.now()).unwrap().change;
    block_on(commit_one(&*surface.store, change)).unwrap();
}

fn unstarted(bulk: &mut Bulk) {
    (bulk.state, bulk.after, bulk.leased) = (BulkState::Running, None, None);
    (bulk.done, bulk.changed, bulk.failed_total) = (0, 0, 0);
    bulk.step = (0..200).map(|n| tenant(&format!("t{n:03}"))).collect();
    bulk.failed.clear();
}

#[test]
fn it_goes_on_by_ticks_to_the_end() {
    let surface = with_schedules(600);
    let accepted =
        begin(&surface, r#"{"operation":"pause","filter":{"all":true},"expect":600}"#).is(202).json()["bulk"]
            .clone();
    assert_eq!((counts(&accepted), &accepted["state"]), ([600, 0, 0, 0], &json!("running")));

    tick(&surface);

    let done = told(&surface, &accepted["id"]);
    assert_eq!((counts(&done), &done["state"]), ([600, 600, 600, 0], &json!("done")));
    let again =
        begin(&surface, r#"{"operation":"pause","filter":{"state":"paused"}}"#).is(202).json()["bulk"]
            .clone();
    tick(&surface);
    assert_eq!(counts(&told(&surface, &again["id"])), [600, 600, 0, 0]);
    let list = surface.call("GET", "bulk", &[], "").is(200).json();
    assert_eq!(list["bulks"].as_array().unwrap().len(), 2);
    let verified = surface.call("GET", "/api/audit/verify", &[], "").is(200).json();
    assert_eq!(verified["ok"], true, "{verified}");
}

#[test]
fn each_schedule_has_its_turn_once_whoever_dies() {
    let surface = with_schedules(200);
    let changed = 200;
    for operation in ["run-now", "pause", "resume", "delete"] {
        let body = format!(r#"{{"operation":"{operation}","filter":{{"all":true}}}}"#);
        let id = begin(&surface, &body).is(202).json()["bulk"]["id"].clone();
        tick(&surface);
        let whole = told(&surface, &id);
        assert_eq!(counts(&whole), [200, 200, changed, 0], "{operation}");
        let entries = audited(&surface, "t007");

        // As if its process had died before the only full step was counted.
        rewrite(&surface, &id, unstarted);
        tick(&surface);

        assert_eq!(audited(&surface, "t007"), entries, "{operation}");
        assert_eq!(counts(&told(&surface, &id)), [200, 200, changed, 0], "{operation}");
    }
}

#[test]
fn a_step_is_one_workers_until_its_lease_ends() {
    let surface = with_schedules(3);
    let id = begin(&surface, r#"{"operation":"pause","filter":{"all":true}}"#).is(202).json()["bulk"]["id"]
        .clone();
    let until: Timestamp = surface.clock.now() + Duration::from_secs(30);
    rewrite(&surface, &id, |bulk| bulk.leased = Some(until));
    tick(&surface);
    assert_eq!(counts(&told(&surface, &id)), [3, 0, 0, 0]);

    surface.pass(30);
    tick(&surface);
    assert_eq!(counts(&told(&surface, &id)), [3, 3, 3, 0]);
}

#[test]
fn what_is_called_off_stays_as_it_was() {
    let surface = with_schedules(4);
    let id = begin(&surface, r#"{"operation":"delete","filter":{"all":true}}"#).is(202).json()["bulk"]["id"]
        .clone();
    rewrite(&surface, &id, |bulk| (bulk.after, bulk.done) = (Some(tenant("t001")), 2));
    let path = format!("bulk/{}/cancel", id.as_str().unwrap());

    let cancelled = surface.call("POST", &path, &[], "").is(200).json()["bulk"].clone();

    assert_eq!((counts(&cancelled), &cancelled["state"]), ([4, 2, 0, 0], &json!("cancelled")));
    tick(&surface);
    assert_eq!(counts(&told(&surface, &id)), [4, 2, 0, 0]);
    surface.get("t003", "schedule").is(200);
    assert_eq!(surface.call("POST", &path, &[], "").is(409).code(), "bulk_over");
}

#[test]
fn later_schedules_are_not_meant() {
    let surface = with_schedules(2);
    let id = begin(&surface, r#"{"operation":"pause","filter":{"all":true}}"#).is(202).json()["bulk"]["id"]
        .clone();
    surface.pass(1);
    surface.post("t9", "schedule", r#"{"interval_sec":604800}"#).is(200);
    tick(&surface);
    assert_eq!(counts(&told(&surface, &id)), [2, 2, 2, 0]);
    assert_eq!(surface.get("t9", "schedule").is(200).json()["schedule"]["paused"], false);
}

#[test]
fn the_failed_are_named_with_their_reason() {
    let surface = with_schedules(3);
    let until = surface.clock.now() + Duration::from_secs(5);
    let body = json!({ "operation": "pause", "filter": { "all": true }, "until": until.iso() });
    let id = begin(&surface, &body.to_string()).is(202).json()["bulk"]["id"].clone();
    surface.pass(6);
    tick(&surface);
    let done = told(&surface, &id);
    assert_eq!(counts(&done), [3, 3, 0, 3]);
    let failed = &done["failed"][0];
    assert_eq!((&failed["tenant"], &failed["code"]), (&json!("t000"), &json!("field_invalid")));
}

#[test]
fn there_is_room_for_so_many_and_the_oldest_make_way() {
    let surface = with_schedules(1);
    let body = r#"{"operation":"pause","filter":{"all":true}}"#;
    let ids: Vec<_> = (0..16).map(|_| begin(&surface, body).is(202).json()["bulk"]["id"].clone()).collect();
    let busy = begin(&surface, body).is(429);
    assert_eq!((busy.code().as_str(), busy.header("retry-after")), ("too_many_bulks", "30"));
    tick(&surface);
    surface.pass(1);
    let next = begin(&surface, body).is(202).json()["bulk"]["id"].clone();
    assert!(!ids.contains(&next), "{next}");
    let list = surface.call("GET", "bulk", &[], "").is(200).json();
    assert_eq!((list["bulks"].as_array().unwrap().len(), &list["bulks"][0]["id"]), (16, &next));
}

#[test]
fn a_caller_sees_its_own_and_stays_within_its_tenants() {
    let surface = Surface::guarded();
    let admin = surface.token(Role::Admin, Scope::All, None);
    let of = |names: &[&str]| Scope::Only(names.iter().map(|name| Tenant::parse(name).unwrap()).collect());
    let (one, other) =
        (surface.token(Role::Operator, of(&["a"]), None), surface.token(Role::Operator, of(&["b"]), None));
    let call = |token: &str, method: &str, path: &str, tenant: &str, body: &str| {
        let bearer = format!("Bearer {token}");
        surface.call(method, path, &[("authorization", &bearer), ("x-tenant", tenant)], body)
    };
    for name in ["a", "b"] {
        call(&admin, "POST", "schedule", name, r#"{"interval_sec":604800}"#).is(200);
    }

    let body = r#"{"operation":"pause","background":true,"filter":{"all":true}}"#;
    let bulk = call(&one, "POST", "bulk", "a", body).is(202).json()["bulk"].clone();

    let path = format!("bulk/{}", bulk["id"].as_str().unwrap());
    assert_eq!(counts(&call(&one, "GET", &path, "a", "").is(200).json()["bulk"]), [1, 1, 1, 0]);
    assert_eq!(call(&admin, "GET", &path, "a", "").is(200).json()["bulk"]["state"], "done");
    assert_eq!(call(&other, "GET", &path, "b", "").is(404).code(), "bulk_not_found");
    assert_eq!(call(&other, "POST", &format!("{path}/cancel"), "b", "").is(404).code(), "bulk_not_found");
    assert_eq!(call(&other, "GET", "bulk", "b", "").is(200).json()["bulks"], json!([]));
    assert_eq!(call(&admin, "GET", "schedule", "b", "").is(200).json()["schedule"]["paused"], false);
}
