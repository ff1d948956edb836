//! The server is killed at random instants while clients write; what it acknowledged must be there.
//!
//! `KILL_ROUNDS` and `KILL_SEED` choose how often and how; a failure names its seed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use host_conformance::binary::{Binary, try_send};
use host_conformance::cases::setup::{each, list, quiet, status};
use host_conformance::random::Random;
use host_conformance::{Ask, Host, get, patch, post, until, upstream};
use serde_json::{Value, json};

const TENANTS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];
const WRITERS: usize = 4;
const LEASE_SEC: u64 = 5;

/// A command that was sent under a key, and what came of it; none when the server died meanwhile.
struct Sent {
    tenant: &'static str,
    key: String,
    ask: Ask,
    status: Option<u16>,
    body: Bytes,
}

fn setting(name: &str, standard: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(standard)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_every_kill() {
    let (rounds, seed) = (setting("KILL_ROUNDS", 20), setting("KILL_SEED", 0xace));
    eprintln!("{rounds} rounds of seed {seed}");
    let lease = format!("--lease-sec={LEASE_SEC}");
    let host = Binary::start(false, &[&lease]).await;
    let began = host.now();
    for tenant in TENANTS {
        upstream::connect_with(&host, tenant, 1).await;
        quiet(&host, tenant).await;
        let every = json!({ "interval_sec": 1 });
        patch("schedule").tenant(tenant).json(every).good(&host).await;
    }
    let (mut random, mut all, mut ambiguous) = (Random::new(seed), Vec::new(), 0);
    for round in 0..rounds {
        let sent = storm(&host, round, &mut random).await;
        // A start that follows a crash too soon waits before it works; that is not what is tested.
        let _none = std::fs::remove_file(host.data_dir().join("command-center.db.starts"));
        host.boot();
        let running = in_flight(&host).await;
        ambiguous += sent.iter().filter(|sent| sent.status.is_none()).count();
        let settled = retry(&host, sent).await;
        verify(&host, &settled).await;
        nothing_stays_running(&host, &running).await;
        all.extend(settled);
    }
    verify(&host, &all).await;
    for tenant in TENANTS {
        slots_add_up(&host, tenant, began.epoch_secs()).await;
    }
    let accepted = all.iter().filter(|sent| sent.status.is_some_and(|status| status < 300)).count();
    eprintln!("{} commands, {accepted} accepted, {ambiguous} ambiguous at first", all.len());
    assert!(accepted as u64 > rounds, "the storm was no storm");
    assert_eq!(host.stop().await, Some(0));
}

/// Lets writers loose on the server, and kills it in the middle.
async fn storm(host: &Binary, round: u64, random: &mut Random) -> Vec<Sent> {
    let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (over, sent, address) = (over.clone(), sent.clone(), host.address());
            let mut random = Random::new(random.number());
            let prefix = format!("kill-{round}-{writer}");
            tokio::spawn(async move {
                for number in 0.. {
                    if over.load(Ordering::Acquire) {
                        break;
                    }
                    let tenant = TENANTS[random.below(TENANTS.len() as u64) as usize];
                    let key = format!("{prefix}-{number}");
                    let ask =
                        command(&mut random, &key).tenant(tenant).key(&key).header("x-request-id", &key);
                    let answer = try_send(&address, ask.plain()).await;
                    let status = answer.as_ref().map(|answer| answer.status().as_u16());
                    let body = answer.map(http::Response::into_body).unwrap_or_default();
                    let gone = status.is_none();
                    sent.lock().expect("no panic").push(Sent { tenant, key, ask, status, body });
                    if gone {
                        break;
                    }
                }
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(30 + random.below(500))).await;
    host.kill();
    over.store(true, Ordering::Release);
    for writer in writers {
        writer.await.expect("no panic");
    }
    Arc::try_unwrap(sent).ok().expect("writers are gone").into_inner().expect("no panic")
}

fn command(random: &mut Random, key: &str) -> Ask {
    match random.below(5) {
        0 => post("pause").json(json!({ "reason": key })),
        1 => post("resume"),
        2 => post("run-now").json(json!({ "wait_sec": 0 })),
        _ => patch("schedule").json(json!({ "note": key })),
    }
}

/// Sends what got no answer again, under its key.
async fn retry(host: &Binary, mut sent: Vec<Sent>) -> Vec<Sent> {
    for sent in &mut sent {
        let answer = sent.ask.unchecked(host).await;
        match sent.status {
            None => (sent.status, sent.body) = (Some(answer.status), answer.body),
            Some(status) => {
                assert_eq!(
                    answer.status, status,
                    "{}: a repeated key has the same answer: {answer}",
                    sent.key
                );
                assert_eq!(answer.header("idempotency-replayed"), "true", "{}: {answer}", sent.key);
                assert_eq!(answer.body, sent.body, "{}", sent.key);
            }
        }
    }
    sent
}

/// One entry for each accepted key, none for a refused one, and the last one tells how the schedule stands.
async fn verify(host: &Binary, sent: &[Sent]) {
    let verdict = get("/api/audit/verify").good(host).await;
    assert_eq!(verdict["valid"], true, "{verdict}");
    let mut entries: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for tenant in TENANTS {
        entries.insert(tenant, everything(host, tenant).await);
    }
    for sent in sent {
        let status = sent.status.expect("it was settled");
        let own =
            entries[sent.tenant].iter().filter(|entry| entry["request_id"] == sent.key.as_str()).count();
        let due = usize::from(status < 300);
        assert!([200, 202, 409].contains(&status), "{}: {status} {:?}", sent.key, sent.body);
        assert_eq!(own, due, "{} was answered {status}, and has {own} entries", sent.key);
    }
    for tenant in TENANTS {
        let row = status(host, tenant).await;
        let mut chain = entries[tenant].clone();
        chain.sort_by_key(|entry| entry["seq"].as_u64());
        for (place, entry) in chain.iter().enumerate() {
            assert_eq!(entry["seq"], place + 1, "{tenant}: a gap");
        }
        let last = chain.iter().rev().find(|entry| entry["after"].is_object()).expect("an entry");
        for name in ["note", "paused"] {
            assert_eq!(row[name], last["after"][name], "{tenant}: {name} is not what was last said: {last}");
        }
    }
}

/// A tenant's whole audit.
async fn everything(host: &Binary, tenant: &str) -> Vec<Value> {
    let text = get(&format!("audit/export?format=ndjson&tenant={tenant}")).of(host).await;
    text.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

async fn in_flight(host: &Binary) -> Vec<String> {
    each(&list(host, get("runs?state=running&limit=1000"), "runs").await, "run_id")
}

/// Runs of the killed process end within their lease.
async fn nothing_stays_running(host: &Binary, before: &[String]) {
    let began = host.now();
    for run_id in before {
        until!(host, format!("the end of {run_id}"), {
            let run = get(&format!("runs/{run_id}")).good(host).await;
            (run["run"]["state"] != "running").then_some(())
        });
    }
    let waited = host.now().duration_since(began);
    assert!(waited < Duration::from_secs(LEASE_SEC + 5), "it took {waited:?}");
}

/// Every second since the beginning has one disposition.
async fn slots_add_up(host: &Binary, tenant: &str, since: f64) {
    let until = host.now().epoch_secs();
    let path = format!("occurrences?limit=1000&since={since}&until={until}");
    let body = get(&path).tenant(tenant).good(host).await;
    let ranges = body["occurrences"].as_array().expect("ranges");
    let counted: u64 = ranges.iter().map(|range| range["count"].as_u64().expect("a count")).sum();
    let total = counted + body["pending"].as_u64().expect("a number");
    assert_eq!(body["total"], total, "{tenant}: {body}");
    if body["next_cursor"].is_null() {
        let seconds = until - since;
        assert!((total as f64 - seconds).abs() < 12.0, "{tenant}: {total} slots in {seconds} s");
    }
    let edges: Vec<_> =
        ranges.iter().map(|range| (range["first"].as_f64(), range["last"].as_f64())).collect();
    assert!(edges.windows(2).all(|pair| pair[0].1 < pair[1].0), "{tenant}: slots have two dispositions");
}
