//! A smaller run under AWS's own Runtime Interface Emulator, which gives real deadlines and kills at the time-out.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use dynamodb_local::Local;
use host_conformance::binary::try_send;
use host_conformance::lambda::{bootstrap, events, eventually, serve_upstream, tools, variables};
use host_conformance::upstream::{Upstream, key_of};
use host_conformance::{Ask, get, post, put};
use http::{Request, Response};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// The bootstrap under the emulator, as one function of all roles.
struct Emulated {
    address: String,
    child: Child,
    token: String,
    upstream: Upstream,
}

impl Emulated {
    /// Starts it with so much time for each invocation; none where there is no emulator or no DynamoDB Local.
    ///
    /// In less than 12 seconds it claims nothing.
    async fn start(seconds: u32) -> Option<Self> {
        let (emulator, local) = (tools::emulator()?, Local::shared()?);
        let (upstream, base_url) = serve_upstream().await;
        let (address, api) = (free().await, free().await);
        let child = Command::new(emulator)
            .args(["--runtime-interface-emulator-address", &address, "--runtime-api-address", &api])
            .arg(bootstrap())
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", seconds.to_string())
            .envs(variables(local, &local.table(), &base_url))
            .env("COMMAND_CENTER_LEASE_SEC", "5")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the emulator starts");
        let mut emulated = Self { address, child, token: String::new(), upstream };
        eventually("the emulator", async || TcpStream::connect(&emulated.address).await.ok()).await;
        let made = emulated.invoke(r#"{"token":{"name":"first","role":"admin"}}"#.into()).await;
        made["secret"].as_str().expect("a secret").clone_into(&mut emulated.token);
        Some(emulated)
    }

    async fn invoke(&self, payload: String) -> Value {
        let text = self.told(payload).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// What the emulator tells of an invocation, which is no JSON when the function's time was over.
    async fn told(&self, payload: String) -> String {
        let mut request = Request::new(Bytes::from(payload));
        *request.method_mut() = http::Method::POST;
        *request.uri_mut() = "/2015-03-31/functions/function/invocations".parse().expect("a path");
        let answer = try_send(&self.address, request).await.expect("the emulator answers");
        String::from_utf8_lossy(answer.body()).into_owned()
    }

    /// The process of the function.
    fn bootstrap(&self) -> String {
        let emulator = self.child.id();
        let children = std::fs::read_dir(format!("/proc/{emulator}/task")).expect("Linux").flatten();
        let children = children.map(|thread| std::fs::read_to_string(thread.path().join("children")));
        let children: Vec<_> = children.map(|ids| ids.unwrap_or_default().trim().to_owned()).collect();
        let mut children = children.into_iter().filter(|ids| !ids.is_empty());
        children.next().expect("the emulator has started the function")
    }

    async fn ask(&self, ask: Ask) -> Response<Bytes> {
        let request = ask.token(&self.token).plain();
        events::response(&self.invoke(events::request(&request, events::DOMAIN)).await)
    }

    async fn good(&self, ask: Ask) -> Value {
        let answer = self.ask(ask).await;
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(answer.body()).expect("JSON")
    }

    /// Gives a tenant a location, its key, and a schedule that is due at once.
    async fn due(&self, tenant: &str) {
        self.upstream.open(tenant, 2);
        self.good(put("connection").tenant(tenant).json(json!({ "api_key": key_of(tenant) }))).await;
        self.good(post("schedule").tenant(tenant).json(json!({ "interval_sec": 3600 }))).await;
    }
}

impl Drop for Emulated {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A port that was free a moment ago.
async fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a socket");
    listener.local_addr().expect("an address").to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_lives_under_the_emulator() {
    let Some(host) = Emulated::start(30).await else { return };
    host.due("peakpro").await;

    let told = host.invoke(events::TICK.into()).await;

    assert_eq!((&told["claimed"], &told["succeeded"]), (&json!(1), &json!(1)), "{told}");
    let status = host.good(get("schedule/status").tenant("peakpro")).await;
    assert_eq!(status["schedules"]["peakpro"]["state"], "ok", "{status}");
    host.upstream.change("peakpro", |location| location.temper.latency = Duration::from_millis(200));
    let started = host.ask(post("run-now").tenant("peakpro").json(json!({ "wait_sec": 0 }))).await;
    assert_eq!(started.status(), 202, "its answer does not wait for the run");
    let started: Value = serde_json::from_slice(started.body()).expect("JSON");
    let run = host.good(get(started["location"].as_str().expect("an address"))).await;
    assert_eq!(run["run"]["state"], "succeeded", "the emulator waited for the extension: {run}");
    assert_eq!(host.good(get("/api/capabilities")).await["host"], "lambda");
    let page = host.ask(get("/")).await;
    assert!(page.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    let metrics = host.ask(get("/metrics")).await;
    let text = String::from_utf8_lossy(metrics.body()).into_owned();
    assert!(text.contains(r#"aetherlink_runs_total{outcome="ok",trigger="schedule"} 1"#), "{text}");
    assert!(host.invoke("{}".into()).await["errorMessage"].is_string(), "what is no event is refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_stopped_before_the_functions_time_is_over() {
    let Some(host) = Emulated::start(14).await else { return };
    host.due("peakpro").await;
    host.upstream.change("peakpro", |location| location.temper.latency = Duration::from_secs(60));

    let told = host.invoke(events::TICK.into()).await;

    assert_eq!((&told["claimed"], &told["failed"]), (&json!(1), &json!(1)), "it answers in time: {told}");
    let runs = host.good(get("runs").tenant("peakpro")).await;
    let run = &runs["runs"][0];
    assert!(["failed", "timed_out"].contains(&run["state"].as_str().expect("a state")), "{run}");
    assert!(run["duration_ms"].as_u64().is_some_and(|took| took < 13_000), "before the time-out: {run}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_at_the_functions_time_out_is_taken_over() {
    let Some(host) = Emulated::start(14).await else { return };
    host.due("peakpro").await;
    host.upstream.change("peakpro", |location| location.temper.latency = Duration::from_secs(60));
    let calls = || host.upstream.sandbox().journal().entries().count();
    let called = calls();
    let hung = async {
        eventually("the run's first call", async || (calls() > called).then_some(())).await;
        let process = host.bootstrap();
        assert!(Command::new("kill").args(["-STOP", &process]).status().expect("kill").success());
        process
    };

    let (told, process) = futures::join!(host.told(events::TICK.into()), hung);

    assert!(told.contains("timed out after 14"), "{told}");
    let place = std::path::PathBuf::from(format!("/proc/{process}"));
    eventually("the process' end", async || (!place.exists()).then_some(())).await;
    host.upstream.mend("peakpro");
    let claimed = async || (host.invoke(events::TICK.into()).await["claimed"] == 1).then_some(());
    eventually("the lease's end", claimed).await;
    let runs = host.good(get("runs").tenant("peakpro")).await;
    let run = |place: usize, field: &str| runs["runs"][place][field].clone();
    assert_eq!((run(0, "state"), run(1, "state")), (json!("succeeded"), json!("abandoned")), "{runs}");
    assert_eq!((run(0, "slot"), runs["runs"][2].is_null()), (run(1, "slot"), true), "{runs}");
}
