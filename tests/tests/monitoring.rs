//! `monitoring/` against the server as it ships: every rule, every panel, every name, and a silent tenant that is
//! found by a real Prometheus.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use host_conformance::binary::{Binary, run};
use host_conformance::prometheus::{Prometheus, folder, is_here, promtool};
use host_conformance::upstream;
use host_conformance::{Host, get, post};
use puller_acculynx::sandbox::Fault;
use serde_json::{Value, json};

/// Lets one tenant hang, one lose its key, one be throttled and one be well; gives operators something to count.
async fn lively() -> Binary {
    let host = Binary::start(true, &["--overdue-after-sec=2"]).await;
    for tenant in ["well", "hung", "locked", "throttled"] {
        upstream::connect_with(&host, tenant, 1).await;
    }
    host.upstream().change("hung", |location| location.temper.latency = Duration::from_secs(3600));
    host.upstream().spoil("locked", Fault::Unauthorized);
    host.upstream().spoil("throttled", Fault::TooMany(vec![("retry-after", "1".to_owned())]));
    for tenant in ["well", "hung", "locked", "throttled"] {
        post("schedule").tenant(tenant).json(json!({ "interval_sec": 1 })).good(&host).await;
    }
    post("pause").tenant("well").good(&host).await;
    post("resume").tenant("well").good(&host).await;
    host
}

#[tokio::test]
async fn a_silent_tenant_is_found_and_lost_again() {
    if !is_here() {
        return;
    }
    let host = lively().await;
    let prometheus = Prometheus::watching(&host.address());
    let alerts =
        |state: &str| format!(r#"ALERTS{{alertname="AetherlinkSchedulesNotRunning",alertstate="{state}"}}"#);

    prometheus.wait_for(&alerts("firing")).await;
    let pending = format!("count_over_time({}[10m])", alerts("pending"));
    assert!(!prometheus.series(&pending).await.is_empty(), "it was never pending");
    let overdue = prometheus.series("aetherlink_tenant_overdue_seconds").await;
    let named: Vec<_> = overdue.iter().map(|series| series["metric"]["tenant"].as_str()).collect();
    assert_eq!(named, [Some("hung")], "{overdue:?}");

    // While something is wrong, there is something to see for everybody.
    every_panel_shows_something(&prometheus).await;
    every_rule_finds_its_series(&prometheus).await;
    names_agree(&host).await;

    // What docs/runbooks/not-running.md says.
    host.upstream().mend("hung");
    let url = format!("--url=http://{}", host.address());
    said_contains(&["status", "--overdue", &url], "hung").await;
    let said = said(&["runs", "--tenant=hung", "--state=running", &url]).await;
    let run_id = said.lines().nth(1).and_then(|row| row.split_whitespace().next()).expect("a run in flight");
    said_contains(&["cancel", run_id, &url], "is cancelled").await;
    prometheus.wait_until(&alerts("firing"), <[Value]>::is_empty).await;
    prometheus.wait_until("aetherlink_schedules_overdue", |series| series[0]["value"][1] == "0").await;
}

async fn said(arguments: &[&str]) -> String {
    let output = run(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

async fn said_contains(arguments: &[&str], part: &str) {
    let said = said(arguments).await;
    assert!(said.contains(part), "{part} in {said}");
}

fn dashboard() -> Value {
    let text = fs::read_to_string(folder().join("grafana-dashboard-command-center.json"));
    serde_json::from_str(&text.expect("the dashboard")).expect("JSON")
}

/// Every `expr` in the dashboard, with what Grafana puts for its variables.
fn expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == "expr") {
                    Some(text) => found.push(
                        text.replace("$__rate_interval", "5m").replace("$job", ".+").replace("$tenant", ".+"),
                    ),
                    None => expressions(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, found)),
        _ => {}
    }
}

async fn every_panel_shows_something(prometheus: &Prometheus) {
    let mut found = Vec::new();
    expressions(&dashboard(), &mut found);
    assert!(found.len() > 40, "{found:#?}");
    for expression in found {
        prometheus.wait_for(&expression).await;
    }
}

/// With its thresholds below anything that can be, every rule gives series: its selectors and joins are right.
async fn every_rule_finds_its_series(prometheus: &Prometheus) {
    let groups = prometheus.api("rules", &[]).await["groups"].take();
    let rules: Vec<_> = groups
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|group| group["rules"].as_array())
        .flatten()
        .collect();
    assert_eq!(rules.len(), 39, "the rules are found");
    for rule in rules {
        let query = rule["query"].as_str().expect("an expression");
        assert!(rule["health"] == "ok", "{rule}");
        let lowered = comparisons(query)
            .iter()
            .rev()
            .fold(query.to_owned(), |text, (from, to)| format!("{}-1{}", &text[..*from], &text[*to..]));
        if query.starts_with("absent(") {
            let long_ago = [("query", query), ("time", "1000000")];
            let series = prometheus.api("query", &long_ago).await;
            assert_eq!(series["result"].as_array().map(Vec::len), Some(1), "{query}");
            continue;
        }
        prometheus.wait_for(&lowered).await;
    }
}

/// Names of `monitoring/` and of the pages are exported, exported ones are documented.
async fn names_agree(host: &Binary) {
    let exported = get("/metrics").of(host).await.text().to_owned();
    let exported: BTreeSet<_> = exported
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned)
        .collect();
    let docs = folder().join("../docs");
    let mut files = vec![docs.join("metrics.md")];
    for dir in [folder(), folder().join("tests"), docs.join("runbooks")] {
        let entries = fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
        files.extend(entries.filter(|path| path.is_file()));
    }
    assert!(files.len() > 30, "{files:?}");
    for file in files {
        for name in names_in(&fs::read_to_string(&file).expect("text")) {
            let base = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
            let known = exported.contains(&name) || base.is_some_and(|base| exported.contains(base));
            assert!(known, "{} names {name}, which is not exported", file.display());
        }
    }
    let page = fs::read_to_string(docs.join("metrics.md")).expect("docs/metrics.md");
    for name in &exported {
        assert!(page.contains(&format!("| `{name}` |")), "{name} is not in docs/metrics.md");
    }
}

fn names_in(text: &str) -> BTreeSet<String> {
    let starts = text.match_indices("aetherlink_").map(|(at, _)| &text[at..]);
    let name =
        |rest: &str| rest.split(|c: char| !c.is_ascii_lowercase() && c != '_').next().map(str::to_owned);
    starts.filter_map(name).filter(|name| !name.ends_with('_')).collect()
}

#[test]
fn the_rules_and_the_configuration_are_sound() {
    if !is_here() {
        return;
    }
    let output = promtool(&folder(), &["check", "config", "prometheus.yml"]);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("FAILED"), "{said}");
}

/// An alert's name and the place of its expression in the text of the rules.
fn alerts(rules: &str) -> Vec<(&str, usize, usize)> {
    let mut found = Vec::new();
    for (at, _) in rules.match_indices("- alert: ") {
        let name = rules[at + 9..].lines().next().unwrap_or_default().trim();
        let from = at + rules[at..].find("expr: ").expect("an expression") + 6;
        let to = from + rules[from..].find('\n').expect("a line's end");
        found.push((name, from, to));
    }
    found
}

/// Where an expression compares with a number: the places of the numbers.
fn comparisons(expression: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (at, sign) in expression.match_indices('>') {
        let from = at + sign.len();
        let from = from + usize::from(expression[from..].starts_with('=')) + 1;
        let digits = expression[from..].find(|c: char| !c.is_ascii_digit() && c != '.');
        let to = digits.map_or(expression.len(), |end| from + end);
        assert!(to > from, "no number behind {sign} in {expression}");
        found.push((from, to));
    }
    found
}

/// The numbers to which a threshold is changed: just below and just above where the tests look.
fn others(threshold: &str) -> [String; 2] {
    let number: f64 = threshold.parse().expect("a number");
    match number {
        0.0 => ["-1".to_owned(), "1000000000".to_owned()],
        small if small <= 10.0 && small.fract() == 0.0 && small > 4.0 => {
            [(small - 1.0).to_string(), (small + 1.0).to_string()]
        }
        _ => [(number * 0.9).to_string(), (number * 1.1).to_string()],
    }
}

#[test]
fn every_alert_has_a_page_and_tests_that_notice_another_threshold() {
    let rules = fs::read_to_string(folder().join("alert-rules.yml")).expect("the rules");
    let all = alerts(&rules);
    assert_eq!(all.len(), 21);
    let tested: BTreeSet<_> = fs::read_dir(folder().join("tests"))
        .expect("tests")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().replace(".yml", ""))
        .collect();
    assert_eq!(
        tested,
        all.iter().map(|(name, ..)| (*name).to_owned()).collect(),
        "a test file for each alert"
    );
    for (at, _) in rules.match_indices("runbook: ") {
        let page = rules[at + 9..].split([' ', '\n']).next().unwrap_or_default();
        assert!(folder().join("..").join(page).is_file(), "{page} is missing");
    }
    if !is_here() {
        return;
    }
    std::thread::scope(|scope| {
        for half in all.chunks(all.len().div_ceil(2)) {
            let rules = &rules;
            scope.spawn(move || half.iter().for_each(|alert| tests_notice(rules, *alert)));
        }
    });
}

/// Runs an alert's tests on the rule as it is, and on the rule with each threshold changed.
fn tests_notice(rules: &str, (name, from, to): (&str, usize, usize)) {
    let expression = &rules[from..to];
    assert!(passes(rules, name), "the tests of {name} fail");
    let mut mutants = Vec::new();
    for (start, end) in comparisons(expression) {
        for other in others(&expression[start..end]) {
            mutants.push(format!("{}{other}{}", &expression[..start], &expression[end..]));
        }
    }
    if mutants.is_empty() {
        mutants = vec![format!("{expression} > 1"), "vector(1)".to_owned()];
    }
    for mutant in mutants {
        let mutated = format!("{}{mutant}{}", &rules[..from], &rules[to..]);
        assert!(!passes(&mutated, name), "the tests of {name} do not notice {mutant}");
    }
}

/// Whether an alert passes its tests.
fn passes(rules: &str, name: &str) -> bool {
    let dir = tempfile::tempdir().expect("a directory");
    let tests = dir.path().join("tests");
    fs::create_dir(&tests).expect("a directory");
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).expect("written");
    let read = |name: &str| fs::read_to_string(folder().join(name)).expect("a file of monitoring/");
    let alert = only(rules, |rule| rule.contains(&format!("alert: {name}\n")));
    let needed = |rule: &str| rule.split_whitespace().nth(2).is_some_and(|record| alert.contains(record));
    write("recording-rules.yml", &only(&read("recording-rules.yml"), needed));
    write("alert-rules.yml", &alert);
    let test = format!("tests/{name}.yml");
    write(&test, &read(&test));
    let output = promtool(dir.path(), &["test", "rules", &test]);
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() || said.contains("alertname: "),
        "promtool did not get to the tests: {said}"
    );
    output.status.success()
}

/// The text of rules with those that are wanted, so that a test takes no longer than it must.
fn only(rules: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut blocks: Vec<String> = Vec::new();
    for line in rules.split_inclusive('\n').filter(|line| !line.trim_start().starts_with('#')) {
        match blocks.last_mut() {
            Some(block) if line.starts_with("        ") && block.starts_with("      - ") => *block += line,
            _ => blocks.push(line.to_owned()),
        }
    }
    blocks.retain(|block| !block.starts_with("      - ") || wanted(block));
    blocks.concat()
}

/// What a runbook tells an operator to type can be typed.
#[tokio::test]
async fn every_command_of_a_runbook_exists() {
    let mut seen = 0;
    for entry in fs::read_dir(folder().join("../docs/runbooks")).expect("runbooks") {
        let path = entry.expect("an entry").path();
        let page = fs::read_to_string(&path).expect("text");
        for line in page.lines().filter_map(|line| line.trim().strip_prefix("command-center ")) {
            let words: Vec<_> = line.split_whitespace().collect();
            let verbs: Vec<_> = words.iter().copied().take_while(is_verb).collect();
            let verbs = if verbs[0] == "token" { &verbs[..2] } else { &verbs[..1] };
            let help = said(&[verbs, &["--help"]].concat()).await;
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                let flag = flag.split('=').next().unwrap_or_default();
                assert!(help.contains(flag), "{}: {line}: no {flag} in {help}", path.display());
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "the commands are found");
}

fn is_verb(word: &&str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') && !word.starts_with('-')
}

#[test]
fn the_originals_panels_keep_their_names_and_queries() {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().expect("panels");
    for (title, kind, query) in [
        (
            "Scheduler Imports by Tenant",
            "stat",
            "sum by (tenant) (aetherlink_acculynx_scheduled_imports_total)",
        ),
        (
            "Scheduler Import Rate (5m)",
            "timeseries",
            "sum by (tenant) (rate(aetherlink_acculynx_scheduled_imports_total[5m]))",
        ),
        ("Local Actions by Tenant / Action", "table", "aetherlink_local_actions_total"),
        ("Raw Scheduler Metrics", "table", "aetherlink_acculynx_scheduled_imports_total"),
    ] {
        let panel = panels.iter().find(|panel| panel["title"] == title);
        let panel = panel.unwrap_or_else(|| panic!("no panel {title}"));
        assert_eq!((&panel["type"], &panel["targets"][0]["expr"]), (&json!(kind), &json!(query)));
    }
    assert_eq!(dashboard["uid"], "aetherlink-cc-ops");
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "every panel has an id of its own");
}
