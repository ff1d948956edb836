//! A real Prometheus, and its tool. Where they are not installed their tests say so; under CI that is a failure.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use tempfile::TempDir;

use crate::binary::try_send;

/// `monitoring/` of the workspace.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../monitoring")
}

/// Whether Debian's package `prometheus` is here; a word when it is not, which under CI is the last one.
pub fn is_here() -> bool {
    let here = |program| Command::new(program).arg("--version").output().is_ok();
    if here("prometheus") && here("promtool") {
        return true;
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "Debian's package prometheus is missing");
    eprintln!("skipped: needs Debian's package prometheus");
    false
}

/// Runs `promtool` in `monitoring/` or a copy of it.
pub fn promtool(folder: &Path, arguments: &[&str]) -> Output {
    Command::new("promtool").current_dir(folder).args(arguments).output().expect("promtool")
}

/// A server with the configuration and the rules of `monitoring/`, all spans of time made short.
pub struct Prometheus {
    child: Child,
    address: String,
    _dir: TempDir,
}

impl Prometheus {
    /// Scrapes `target` every second.
    pub fn watching(target: &str) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["prometheus.yml", "recording-rules.yml", "alert-rules.yml"] {
            let text = std::fs::read_to_string(folder().join(name)).expect("a file of monitoring/");
            let text = text.replace("127.0.0.1:8000", target);
            let lines = text.lines().map(hastened).collect::<Vec<_>>().join("\n");
            std::fs::write(dir.path().join(name), lines).expect("written");
        }
        let mut child = Command::new("prometheus")
            .current_dir(dir.path())
            .args([
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=data",
                "--web.listen-address=127.0.0.1:0",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("Prometheus starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a stream")).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, address) = line.split_once("msg=\"Listening on\" address=")?;
            Some(address.trim().to_owned())
        });
        assert!(lines.any(|line| line.contains("Server is ready")), "Prometheus gets ready");
        // What it says later is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.expect("Prometheus listens"), _dir: dir }
    }

    /// What a call of its API answers.
    pub async fn api(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let target = format!("/api/v1/{path}?{}", query.join("&"));
        let request = Request::get(&target).body(Bytes::new()).expect("a request");
        let answer = try_send(&self.address, request).await.expect("Prometheus answers");
        let mut answer: Value = serde_json::from_slice(answer.body()).expect("JSON");
        assert_eq!(answer["status"], "success", "{target}: {answer}");
        answer["data"].take()
    }

    /// The series that an expression gives now.
    pub async fn series(&self, expression: &str) -> Vec<Value> {
        self.api("query", &[("query", expression)]).await["result"].as_array().cloned().unwrap_or_default()
    }

    /// Waits until an expression gives series.
    pub async fn wait_for(&self, expression: &str) -> Vec<Value> {
        self.wait_until(expression, |series| !series.is_empty()).await
    }

    /// Waits until the series of an expression are as they should be.
    pub async fn wait_until(&self, expression: &str, good: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let mut seen = Vec::new();
        for _ in 0..600 {
            seen = self.series(expression).await;
            if good(&seen) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("it never came: {expression}, but {seen:?}")
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// A line with its span of time made short: rules look every second, and alerts wait for two.
fn hastened(line: &str) -> String {
    let key = line.trim_start().split(':').next().unwrap_or_default();
    let indent = &line[..line.len() - line.trim_start().len()];
    match key {
        "scrape_interval" | "evaluation_interval" | "interval" => format!("{indent}{key}: 1s"),
        "for" => format!("{indent}for: 2s"),
        _ => line.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
