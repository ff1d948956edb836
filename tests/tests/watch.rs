//! What the server says by itself: log lines that can be searched, and messages to a webhook.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post as on_post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use host_conformance::binary::{Binary, run};
use host_conformance::cases::setup;
use host_conformance::{Host, post, until, upstream};
use puller_acculynx::sandbox::Fault;
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The log as objects.
fn lines(host: &Binary) -> Vec<Value> {
    let said = host.said();
    said.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

#[tokio::test]
async fn every_command_and_every_run_is_one_line_with_its_ids() {
    let host = Binary::start(true, &["--log-format=json", "--log-level=debug"]).await;
    setup::idle(&host, "peakpro").await;
    let ask =
        post("run-now").tenant("peakpro").header("x-request-id", "req-17").json(json!({ "wait_sec": 30 }));
    let run_id = ask.good(&host).await["run_id"].as_str().expect("a run").to_owned();

    let of = |lines: &[Value], target: &str, message: &str| -> Vec<Value> {
        let wanted = |line: &&Value| line["target"] == target && line["message"] == message;
        lines.iter().filter(wanted).cloned().collect()
    };
    let all = until!(host, "the end of the run and of the request", {
        let lines = lines(&host);
        let answered = of(&lines, "acculynx-request", "answered");
        let told = answered.iter().any(|line| line["span"]["request_id"] == "req-17");
        (told && !of(&lines, "acculynx-scheduler", "run ended").is_empty()).then_some(lines)
    });

    let ended = of(&all, "acculynx-scheduler", "run ended");
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert_eq!((&ended[0]["run_id"], &ended[0]["tenant"]), (&json!(run_id), &json!("peakpro")));
    assert_eq!((&ended[0]["trigger"], &ended[0]["state"]), (&json!("manual"), &json!("succeeded")));
    let audited = of(&all, "acculynx-audit", "command accepted");
    let told = audited.iter().find(|line| line["operation"] == "run-now").expect("a line of the command");
    assert_eq!((&told["request_id"], &told["run_id"]), (&json!("req-17"), &json!(run_id)));
    assert_eq!(told["span"]["route"], "/api/crm/import/{source}/run-now", "{told}");
    assert!(audited.iter().all(|line| line["request_id"].is_string()), "{audited:#?}");
}

#[tokio::test]
async fn for_people_a_line_names_its_target() {
    let host = Binary::start(true, &[]).await;
    setup::idle(&host, "peakpro").await;
    setup::run(&host, "peakpro").await;

    let said = host.said();

    for part in [" acculynx-audit: command accepted tenant=\"peakpro\"", " acculynx-scheduler: run ended "] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

type Got = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Takes messages, and fails the first one.
async fn receiver() -> (String, Got) {
    let got = Got::default();
    let take = async |State(got): State<Got>, headers: HeaderMap, body: Bytes| {
        let mut got = got.lock().expect("nobody panics with it");
        got.push((headers, body));
        if got.len() == 1 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT }
    };
    let router = Router::new().route("/hook", on_post(take)).with_state(got.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, got)
}

#[tokio::test]
async fn a_webhook_is_told_of_a_breaker_and_can_check_who_tells() {
    let (address, got) = receiver().await;
    let flags = [
        format!("--webhook-url=http://{address}/hook"),
        format!("--webhook-allow={address}"),
        format!("--webhook-secret=whsec_{SECRET}"),
        "--webhook-every-sec=1".to_owned(),
    ];
    let host = Binary::start(true, &flags.each_ref().map(String::as_str)).await;
    upstream::connect(&host, "peakpro").await;
    host.upstream().spoil("peakpro", Fault::Unauthorized);
    setup::schedule(&host, "peakpro", 3600).await;

    let messages = until!(host, "a message that was tried twice", {
        let got = got.lock().expect("nobody panics with it");
        (got.len() >= 2).then(|| got.clone())
    });

    assert_eq!(messages[0].0["webhook-id"], messages[1].0["webhook-id"]);
    for (headers, body) in &messages {
        let message: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(message["type"], "tenants.auto_paused", "{message}");
        assert_eq!(message["data"]["tenants"][0]["tenant"], "peakpro", "{message}");
        assert_eq!(message["data"]["tenants"][0]["cause"], "auth", "{message}");
        let header = |name: &str| headers[name].to_str().expect("text");
        let key = STANDARD.decode(SECRET).expect("base 64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
        mac.update(format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).as_bytes());
        mac.update(body);
        let due = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        assert_eq!(header("webhook-signature"), due);
    }
    assert!(!host.said().contains(SECRET), "the secret is in the log");
}

#[tokio::test]
async fn a_webhook_that_is_not_allowed_keeps_the_server_from_starting() {
    let secret = format!("--webhook-secret=whsec_{SECRET}");
    for (url, allow, word) in [
        ("https://evil.example/", "hooks.example", "not on the list"),
        ("http://hooks.example/", "hooks.example", "must be https"),
        ("https://169.254.169.254/", "169.254.169.254", "can not be a receiver"),
        ("https://127.1/", "127.1", "must look like"),
    ] {
        let flags = [
            "check",
            "--store=memory",
            &secret,
            &format!("--webhook-url={url}"),
            &format!("--webhook-allow={allow}"),
        ];
        let output = run(&flags).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(78), "{url}: {said}");
        assert!(said.contains(word) && !said.contains(SECRET), "{url}: {said}");
    }
    let output = run(&["check", "--store=memory", "--webhook-url=https://hooks.example/"]).await;
    assert!(!output.status.success(), "a webhook without a secret is no webhook");
}
