//! Measures the bootstrap that `LAMBDA_BOOTSTRAP` names: how long it takes to start, what it holds, what it weighs.

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::sync::{Arc, Mutex};

use host_conformance::lambda::{Environment, bootstrap, newest_glibc};

/// Processes that are started.
const STARTS: usize = 15;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let program = bootstrap();
    let key = "07".repeat(32);
    let variables = [
        ("COMMAND_CENTER_ROLE", "api"),
        ("COMMAND_CENTER_TABLE", "measured"),
        ("COMMAND_CENTER_MASTER_KEY", &key),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (mut started, mut resident) = (Vec::new(), 0);
    for _ in 0..STARTS {
        let environment = Environment::start(program, &variables, Arc::new(Mutex::default())).await;
        started.push(environment.started().as_secs_f64() * 1000.0);
        resident = resident.max(resident_kb(environment.id()));
    }
    started.sort_by(f64::total_cmp);
    let row = |what: &str, measured: String, goal: &str| {
        println!("{what:<44} {:<7} {measured:<62} {goal}", "lambda")
    };
    let median = started[STARTS / 2];
    row(
        "start to first question for work",
        format!("{median:.1} ms (worst {:.1})", started[STARTS - 1]),
        "≤ 15 ms",
    );
    row("resident then", format!("{:.1} MB", resident as f64 / 1024.0), "≤ 20 MB");
    let bytes = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let sizes = [bytes(program), bytes(&program.with_extension("zip"))].map(|bytes| bytes as f64 / 1e6);
    row("the program, its zip", format!("{:.1} MB, {:.1} MB", sizes[0], sizes[1]), "zip ≤ 8 MB");
    let (major, minor) = newest_glibc(program);
    row("newest glibc symbol", format!("{major}.{minor}"), "≤ 2.34");
}

fn resident_kb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
