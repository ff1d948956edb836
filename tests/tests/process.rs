//! The binary as an operator handles it: signals, tools beside a running server, verbs, what it writes.

use std::time::Duration;

use bytes::Bytes;
use host_conformance::binary::{self, Binary, run};
use host_conformance::cases::setup::{self, idle, list, quiet, status};
use host_conformance::upstream::{CANARY, key_of};
use host_conformance::{Host, get, post, put, until, upstream};
use serde_json::{Value, json};

/// What a tool prints, if it succeeds.
async fn good(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn data(host: &Binary) -> String {
    format!("--data-dir={}", host.data_dir().display())
}

#[tokio::test]
async fn sigterm_lets_requests_and_runs_in_flight_end() {
    let host = Binary::start(false, &["--drain-sec=30"]).await;
    upstream::connect_with(&host, "peakpro", 1).await;
    quiet(&host, "peakpro").await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_millis(60));
    let ask = post("run-now").tenant("peakpro").json(json!({ "wait_sec": 30 }));

    let (answer, code) = futures::join!(ask.of(&host), async {
        until!(host, "a run in flight", (status(&host, "peakpro").await["running"] == true).then_some(()));
        host.stop().await
    });

    assert_eq!((answer.status, code), (200, Some(0)), "{answer}");
    assert!(answer.json()["ok"] == true, "{answer}");
    host.boot();
    let run = answer.json()["run_id"].as_str().expect("a run").to_owned();
    assert_eq!(get(&format!("runs/{run}")).good(&host).await["run"]["state"], "succeeded");
}

#[tokio::test]
async fn sigterm_hands_back_what_does_not_end_in_time() {
    let host = Binary::start(false, &["--drain-sec=1"]).await;
    upstream::connect(&host, "peakpro").await;
    host.upstream().change("peakpro", |location| location.temper.latency = Duration::from_secs(20));
    setup::schedule(&host, "peakpro", 3600).await;
    until!(host, "a run in flight", (status(&host, "peakpro").await["running"] == true).then_some(()));

    let began = host.now();
    assert_eq!(host.stop().await, Some(0));
    assert!(host.now().duration_since(began) < Duration::from_secs(8), "it drains for a second");

    host.upstream().mend("peakpro");
    host.boot();
    let runs = until!(host, "the slot's own run", {
        let runs = list(&host, get("runs?tenant=peakpro"), "runs").await;
        runs.iter().any(|run| run["state"] == "succeeded").then_some(runs)
    });
    assert!(runs.iter().all(|run| run["slot"] == runs[0]["slot"]), "one slot: {runs:#?}");
    assert!(runs.iter().all(|run| run["state"] != "running"), "{runs:#?}");
}

#[tokio::test]
async fn it_listens_to_others_only_with_a_token() {
    let dir = tempfile::tempdir().expect("a directory");
    let data = format!("--data-dir={}", dir.path().display());
    for listen in ["--listen=0.0.0.0:0", "--listen=[::]:0"] {
        let output = run(&["serve", &data, listen]).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{said}");
        assert!(said.contains("token create"), "{said}");
    }
}

#[tokio::test]
async fn tokens_copies_and_checks_work_beside_a_running_server() {
    let host = binary::sqlite().await;
    idle(&host, "peakpro").await;
    let data = data(&host);

    let secret = good(&["token", "create", "--role=admin", "--name=ops", &data]).await;
    let secret = secret.trim();
    assert!(secret.starts_with("alk_") && !secret.contains(char::is_whitespace), "{secret}");
    until!(host, "the token's own time", {
        let anonymous = get("schedules").anonymous().of(&host).await;
        (anonymous.status == 401).then_some(())
    });
    get("schedules").token(secret).good(&host).await;
    let (id, _) = setup::parts(secret);
    let listed = good(&["token", "list", &data]).await;
    assert!(listed.contains(id) && listed.contains("ops") && !listed.contains(secret), "{listed}");

    let copy = host.scratch().join("copy.db").display().to_string();
    for number in 0..20 {
        let ask = host_conformance::patch("schedule").tenant("peakpro").token(secret);
        ask.json(json!({ "note": format!("{number}") })).good(&host).await;
        if number == 10 {
            good(&["backup", &data, &copy]).await;
        }
    }
    let checked = good(&["check", &format!("--store=sqlite:{copy}")]).await;
    assert!(checked.starts_with("ok") && checked.contains("audit entries"), "{checked}");
    assert!(good(&["check", &data]).await.starts_with("ok"));
    assert_ne!(run(&["backup", &data, &copy]).await.status.code(), Some(0), "no copy is overwritten");

    good(&["token", "revoke", &data, id]).await;
    until!(host, "the end of the token", {
        (get("schedules").token(secret).of(&host).await.status != 200).then_some(())
    });
    assert!(!host.said().contains(secret), "a token is in the log");
}

#[tokio::test]
async fn a_copy_holds_what_the_server_holds() {
    let host = binary::sqlite().await;
    idle(&host, "peakpro").await;
    setup::run(&host, "peakpro").await;
    let copy = host.scratch().join("copy.db");
    good(&["backup", &data(&host), &copy.display().to_string()]).await;
    let before = (
        get("schedules").good(&host).await,
        get("audit").good(&host).await,
        get("records").tenant("peakpro").good(&host).await,
    );
    host.stop().await;
    for name in ["command-center.db", "command-center.db-wal", "command-center.db-shm"] {
        let _none = std::fs::remove_file(host.data_dir().join(name));
    }
    std::fs::copy(&copy, host.data_dir().join("command-center.db")).expect("a copy");

    host.boot();

    let after = (
        get("schedules").good(&host).await,
        get("audit").good(&host).await,
        get("records").tenant("peakpro").good(&host).await,
    );
    assert_eq!(after, before);
    assert_eq!(get("/api/audit/verify").good(&host).await["valid"], true);
}

#[tokio::test]
async fn verbs_lead_a_schedule_through_its_life() {
    let host = binary::memory().await;
    upstream::connect_with(&host, "peakpro", 1).await;
    let url = format!("--url=http://{}", host.address());
    let told = async |arguments: &[&str]| good(&[arguments, &[&url]].concat()).await;

    let made = told(&["schedule", "--tenant=peakpro", "--every=3600", "--note=hi", "--tags=a,b"]).await;
    assert_eq!(made.trim(), "peakpro: AccuLynx import scheduled every 3600 seconds");
    until!(host, "the first run's end", {
        let row = status(&host, "peakpro").await;
        (row["last_run"].is_f64() && row["running"] == false).then_some(())
    });
    assert_eq!(told(&["pause", "--tenant=peakpro", "--reason=storm"]).await.trim(), "peakpro: paused");
    assert_eq!(
        told(&["pause", "--tenant=peakpro", "--reason=storm"]).await.trim(),
        "peakpro: paused already"
    );
    assert!(told(&["run-now", "--tenant=peakpro"]).await.starts_with("peakpro: "));
    let table = told(&["status"]).await;
    let row = table.lines().nth(1).expect("a row");
    for part in ["peakpro", "paused", "3600s"] {
        assert!(row.contains(part), "{part} in {table}");
    }
    assert_eq!(told(&["resume", "--tenant=peakpro"]).await.trim(), "peakpro: resumed");
    let runs = told(&["runs", "--tenant=peakpro"]).await;
    assert!(runs.contains("manual") && runs.contains("succeeded") && runs.starts_with("RUN"), "{runs}");
    let audit = told(&["audit", "--tenant=peakpro"]).await;
    for operation in ["schedule", "pause", "resume", "run-now", "cli"] {
        assert!(audit.contains(operation), "{operation} in {audit}");
    }
    let json: Value = serde_json::from_str(&told(&["status", "--json"]).await).expect("JSON");
    assert_eq!(json["schedules"]["peakpro"]["note"], "hi", "{json}");
    for arguments in [&["runs", "--json"][..], &["audit", "--json"], &["pause", "--json", "--tenant=peakpro"]]
    {
        let json: Value = serde_json::from_str(&told(arguments).await).expect("JSON");
        assert_eq!(json["ok"], true, "{json}");
    }
    assert_eq!(told(&["delete", "--tenant=peakpro"]).await.trim(), "peakpro: Schedule deleted");
    let output = run(&["delete", "--tenant=peakpro", &url]).await;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("no schedule found"), "{said}");
}

#[tokio::test]
async fn verbs_carry_a_token_and_are_refused_without() {
    let host = binary::memory().await;
    quiet(&host, "peakpro").await;
    let admin = setup::token(&host, None, "admin", json!("*")).await;
    let viewer = setup::token(&host, Some(&admin), "viewer", json!(["peakpro"])).await;
    let url = format!("--url=http://{}", host.address());
    let bearer = |secret: &str| format!("--token={secret}");

    good(&["status", &url, &bearer(&viewer)]).await;
    for (token, said) in
        [(None, "a valid token is required"), (Some(&viewer), "operator privileges required")]
    {
        let token = token.map(|secret| bearer(secret));
        let mut arguments = vec!["pause", "--tenant=peakpro", &url];
        arguments.extend(token.as_deref());
        let output = run(&arguments).await;
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{output:?}");
    }
    good(&["pause", "--tenant=peakpro", &url, &bearer(&admin)]).await;
    for secret in [&admin, &viewer] {
        assert!(!host.said().contains(secret.as_str()), "a token is in the log");
    }
}

#[tokio::test]
async fn no_log_holds_a_key_at_any_level() {
    let host = Binary::start(false, &["--log-level=trace", "--log-format=json"]).await;
    idle(&host, "peakpro").await;
    setup::run(&host, "peakpro").await;
    host.upstream().spoil("peakpro", puller_acculynx::sandbox::Fault::Unauthorized);
    setup::run(&host, "peakpro").await;
    put("connection").tenant("peakpro").body(format!("{{\"api_key\": \"{}", key_of("x"))).of(&host).await;
    let secret = setup::token(&host, None, "admin", json!("*")).await;
    get("schedules").token(&secret).good(&host).await;
    post("/api/session").json(json!({ "token": secret })).good(&host).await;
    assert_eq!(host.stop().await, Some(0));

    let said = host.said();
    assert!(said.lines().count() > 5, "{said}");
    for line in said.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
    }
    let (_, hidden) = setup::parts(&secret);
    assert!(!said.contains(CANARY) && !said.contains(hidden), "{said}");
}

/// Sends bytes as they are; gives what comes back until the connection ends.
async fn raw(host: &Binary, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(host.address()).await.expect("a connection");
    let _broken = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    // What is no whole request is answered by a closed connection, later.
    let _late = tokio::time::timeout(Duration::from_secs(1), read).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn bytes_that_are_no_request_change_nothing() {
    let host = binary::memory().await;
    quiet(&host, "peakpro").await;
    let before = setup::everything(&host).await;
    let pause = "POST /api/crm/import/acculynx/pause HTTP/1.1";
    let local = "host: localhost\r\nconnection: close";
    for (bytes, due) in [
        (format!("{pause}\r\n{local}\r\nx-tenant: peakpro\r\n x-role: admin\r\n\r\n"), "400"),
        (format!("{pause}\r\n{local}\r\nx-tenant: peakpro\0\r\n\r\n"), "400"),
        (format!("{pause}\r\n{local}\r\nx-tenant: peak\rpro\r\n\r\n"), "400"),
        (format!("{pause}\r\nconnection: close\r\nx-tenant: peakpro\r\n\r\n"), "400"),
        (format!("{pause}\r\n{local}\r\nhost: evil.example\r\nx-tenant: peakpro\r\n\r\n"), "400"),
        (format!("{pause}\r\nhost: evil.example\r\nconnection: close\r\nx-tenant: peakpro\r\n\r\n"), "421"),
        (
            format!(
                "{pause}\r\n{local}\r\nx-tenant: peakpro\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            "400",
        ),
        (format!("{pause}\r\n{local}\r\nx-tenant: peakpro\r\ncontent-length: -1\r\n\r\n"), "400"),
        (
            format!(
                "{pause}\r\n{local}\r\nx-tenant: peakpro\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{{}}"
            ),
            "400",
        ),
        (format!("{pause}\r\n{local}\r\nx-tenant: peakpro\r\nx: {}\r\n\r\n", "y".repeat(70_000)), "431"),
        (format!("POST /{} HTTP/1.1\r\n{local}\r\n\r\n", "x".repeat(20_000)), "414"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), ""),
        ("\0\0\0\0\r\n\r\n".to_owned(), ""),
        ("GET\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\nhost: localhost\r\n\r\n".to_owned(), ""),
        (format!("GET //evil.example/%2e%2e HTTP/1.1\r\n{local}\r\n\r\n"), ""),
        (format!("GET http://evil.example/api/whoami HTTP/1.1\r\n{local}\r\n\r\n"), ""),
    ] {
        let answer = raw(&host, bytes.as_bytes()).await;
        let status = answer.split(' ').nth(1).unwrap_or_default();
        let shown: String = bytes.chars().take(200).collect();
        assert!(!status.starts_with('5'), "{shown:?}: {answer}");
        assert!(due.is_empty() || status == due || status.is_empty(), "{shown:?}: {answer}");
    }
    assert_eq!(setup::everything(&host).await, before);

    let mut random = host_conformance::random::Random::new(0xbad);
    let good = format!("{pause}\r\n{local}\r\nx-tenant: nobody\r\ncontent-length: 2\r\n\r\n{{}}");
    for _ in 0..10 {
        let mutated: Vec<_> = (0..40).map(|_| mutated(&good, &mut random)).collect();
        let answers = futures::future::join_all(mutated.iter().map(|bytes| raw(&host, bytes))).await;
        for (bytes, answer) in mutated.iter().zip(answers) {
            let status = answer.split(' ').nth(1).unwrap_or_default();
            assert!(!status.starts_with('5'), "{:?}: {answer}", String::from_utf8_lossy(bytes));
        }
    }
    get("schedules").good(&host).await;
}

/// A request with a few bytes changed.
fn mutated(good: &str, random: &mut host_conformance::random::Random) -> Vec<u8> {
    let mut bytes = good.to_owned().into_bytes();
    for _ in 0..=random.below(4) {
        let place = random.below(bytes.len() as u64) as usize;
        bytes[place] = random.number() as u8;
    }
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

#[tokio::test]
async fn a_stop_ends_streams_and_tells_them_when_to_come_back() {
    let host = Binary::start(true, &["--drain-sec=20"]).await;
    quiet(&host, "peakpro").await;
    let stream = host.stream(get("/api/events").request(&host)).await;
    let began = host.now();

    assert_eq!(host.stop().await, Some(0));

    assert!(host.now().duration_since(began) < Duration::from_secs(10), "a stream does not hold it up");
    let frames: Vec<_> = futures::StreamExt::collect(stream.into_body()).await;
    let text: String = frames.iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect();
    assert!(text.contains("retry: "), "{text}");
}

/// A page of a hundred tenants is small on the wire for who can unpack it, and the same for who can not.
#[tokio::test]
async fn long_answers_are_compressed_for_who_asks() {
    let host = Binary::start(false, &[]).await;
    for number in 0..100 {
        setup::later(&host, &format!("roofer-{number:02}"), 300 + number).await;
    }
    let page = async |coding: &str| {
        let target = "/api/crm/import/acculynx/schedules?limit=100";
        let request =
            http::Request::get(target).header("host", "localhost").header("accept-encoding", coding);
        host.send(request.body(Bytes::new()).expect("a request")).await
    };
    let (plain, packed) = (page("identity").await, page("gzip").await);
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_eq!(plain.headers()["etag"], packed.headers()["etag"]);
    assert!(plain.body().len() > 60_000 && packed.body().len() <= 6_000, "{}", packed.body().len());
}
