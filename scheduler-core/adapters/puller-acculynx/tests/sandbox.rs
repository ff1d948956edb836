//! The fake server behaves as the real one has been seen to.

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::{Bench, HOUR, KEY, TenantBench};
use puller_acculynx::Config;
use puller_acculynx::sandbox::{Answer, Sandbox, SandboxClient, demo};
use scheduler_core::domain::{Tenant, Timestamp};
use scheduler_core::ports::{Clock, ManualClock};
use serde_json::{Value, json};

#[test]
fn unknown_parameters_are_ignored_in_silence() {
    let (bench, _) = Bench::one(80);

    let first = get(&bench, "/jobs?sortBy=CreatedDate&pageSize=25");
    let second = get(&bench, "/jobs?sortBy=CreatedDate&pageSize=25&recordStartIndex=25&pageNumber=2");

    assert_eq!(json(&first)["items"], json(&second)["items"]);
    assert_eq!(json(&second)["pageStartIndex"], 0);
}

#[test]
fn the_populations_are_disjoint_and_dead_leads_hide() {
    let (bench, _) = Bench::one(12);
    let count = |query: &str| json(&get(&bench, &format!("/jobs?{query}")))["count"].as_u64().unwrap_or(0);

    let (assigned, leads) = (count("pageSize=25"), count("assignment=unassigned"));
    let dead = count("assignment=unassigned&milestones=dead");

    assert_eq!((assigned, leads, dead), (8, 3, 1));
    assert_eq!(get(&bench, "/jobs?milestones=dead").status, 416, "an empty list answers 416");
}

#[test]
fn dates_come_in_pairs_and_as_days() {
    let (bench, _) = Bench::one(12);

    let lone = get(&bench, "/jobs?startDate=2026-03-01");
    assert_eq!(
        (lone.status, &json(&lone)["detail"]),
        (400, &json!("Start Date and End Date do not have the same format"))
    );
    assert_eq!(get(&bench, "/jobs?startDate=2026-03-01T00:00:00Z&endDate=2026-03-02").status, 400);
    assert_eq!(get(&bench, "/jobs?pageSize=26").status, 416);
    assert_eq!(get(&bench, "/jobs?pageStartIndex=8").status, 416);
}

#[test]
fn contacts_count_pages_and_repeat_the_last() {
    let (bench, _) = Bench::one(60);
    let page = |start: u32| {
        json(&get(&bench, &format!("/contacts?pageSize=25&pageStartIndex={start}")))["items"].clone()
    };

    assert_eq!(page(1).as_array().unwrap().len(), 5);
    assert_eq!(page(1), page(7));
    assert_ne!(page(0), page(1));
}

#[test]
fn a_page_order_without_a_sort_is_not_stable() {
    let (bench, _) = Bench::one(80);

    assert_ne!(json(&get(&bench, "/jobs"))["items"], json(&get(&bench, "/jobs"))["items"]);
}

#[test]
fn too_many_requests_are_refused_with_a_text_body() {
    let (bench, _) = Bench::one(4);

    (0..10).for_each(|_| assert_eq!(get(&bench, "/diagnostics/ping").status, 200));
    let last = get(&bench, "/diagnostics/ping");

    assert_eq!((last.status, last.headers[0].1.as_str()), (429, "text/plain"));
    assert!(last.headers.iter().any(|(name, _)| *name == "retry-after"));
    bench.clock.advance(Duration::from_millis(1001));
    assert_eq!(get(&bench, "/diagnostics/ping").status, 200);
}

#[test]
fn leaves_of_leads_are_missing_and_empty_slots_have_no_content() {
    let (bench, _) = Bench::one(4);
    let mut ids = (String::new(), String::new());
    bench.sandbox.change(KEY, |location| ids = (location.jobs[0].id.clone(), location.jobs[1].id.clone()));

    assert_eq!(get(&bench, &format!("/jobs/{}", ids.0)).status, 404);
    assert_eq!(get(&bench, &format!("/jobs/{}/representatives", ids.0)).status, 404);
    assert_eq!(get(&bench, &format!("/jobs/{}/representatives/sales-owner", ids.1)).status, 204);
    assert_eq!(
        json(&get(&bench, &format!("/jobs/{}/custom-fields", ids.1)))["items"][0]["values"],
        json!(["Slate"])
    );
}

#[test]
fn webhooks_are_subscribed_to_and_delivered_twice() {
    let (bench, _) = Bench::one(4);
    let call = |method: &str, path: &str, body: Value| {
        bench.sandbox.answer(
            method,
            &format!("/webhooks/v2{path}"),
            Some(&format!("Bearer {KEY}")),
            body.to_string().as_bytes(),
        )
    };
    assert_eq!(call("GET", "/subscriptions", Value::Null).status, 416);
    assert_eq!(
        call("POST", "/subscriptions", json!({"consumerUrl": "http://x", "topicNames": ["job_created"]}))
            .status,
        412
    );

    let wanted =
        json!({"consumerUrl": "https://hooks.example.com/x", "topicNames": ["job.contacts.primary_changed"]});
    let id = json(&call("POST", "/subscriptions", wanted))["subscriptionId"].as_str().unwrap().to_owned();
    let test = call(
        "POST",
        &format!("/subscriptions/{id}/test-event"),
        json!({"topicName": "job.contacts.primary_changed"}),
    );

    assert_eq!((test.status, test.body.len()), (202, 0));
    bench.sandbox.change(KEY, |location| {
        let [one, two] = location.deliveries() else { panic!("two deliveries") };
        assert_eq!(one, two);
        assert!(one["event"]["Job"]["id"].is_string() && one["subscriptionId"] == json!(id));
    });
    assert_eq!(call("DELETE", &format!("/subscriptions/{id}"), Value::Null).status, 204);
    assert_eq!(call("GET", &format!("/subscriptions/{id}"), Value::Null).status, 404);
}

#[test]
fn the_demonstration_shows_every_temper() {
    let clock = ManualClock::at(Timestamp::parse("2026-03-10T15:00:00Z").unwrap());
    let (tenants, sandbox) = demo(Arc::new(clock.clone()));
    let config = Config { base_url: Sandbox::BASE_URL.to_owned(), ..Config::default() };
    let puller = puller_acculynx::AccuLynx::new(Arc::new(SandboxClient::new(sandbox.clone())), config);
    let bench = Bench { clock, sandbox, puller };
    let mut benches: Vec<_> =
        tenants.iter().map(|tenant| TenantBench::new(tenant.name, tenant.api_key)).collect();
    assert!(tenants.iter().all(|tenant| Tenant::parse(tenant.name).is_ok()));

    let mut imported = 0;
    let mut failed = std::collections::BTreeSet::new();
    for _ in 0..6 {
        for (tenant, result) in tenants.iter().zip(bench.pull_all(&mut benches, HOUR / 4)) {
            match result {
                Ok(pulled) if tenant.temper == "healthy, middle" => imported += pulled.stats.imported,
                Ok(_) => {}
                Err(failure) => drop(failed.insert((tenant.name, failure.error.kind.as_str()))),
            }
        }
        bench.clock.advance(Duration::from_secs(60));
    }

    assert!(imported > 200, "changes keep coming: {imported}");
    assert!(failed.contains(&("lostkey-construction", "auth")), "{failed:?}");
    assert!(failed.contains(&("flakyoak-roofing", "transient")), "{failed:?}");
    assert!(
        !failed.iter().any(|(name, _)| ["peakpro-roofing", "summit-gutters"].contains(name)),
        "{failed:?}"
    );
}

fn get(bench: &Bench, path: &str) -> Answer {
    // The limit of the server is not what is tested here.
    if bench.clock.monotonic().is_zero() {
        bench.clock.advance(Duration::from_secs(1));
    }
    bench.sandbox.answer("GET", &format!("/api/v2{path}"), Some(&format!("Bearer {KEY}")), b"")
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap_or_default()
}
