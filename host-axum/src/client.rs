//! The operator's verbs: a client of the REST surface.

use std::io::{Write, stdout};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use scheduler_core::domain::Tenant;
use serde_json::{Map, Value, json};

use crate::Failure;
use crate::config::{
    AuditCommand, CancelCommand, PauseCommand, Remote, RunNowCommand, RunsCommand, ScheduleCommand,
    StatusCommand, TenantCommand,
};
use crate::table::{aligned, printable};

/// Creates or edits a schedule.
pub async fn schedule(command: ScheduleCommand) -> Result<(), Failure> {
    let mut body = Map::new();
    let texts = [("cron", command.cron), ("timezone", command.timezone), ("note", command.note)];
    body.extend(texts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
    if let Some(every) = command.every {
        body.insert("interval_sec".into(), every.into());
    }
    if !command.tags.is_empty() {
        body.insert("tags".into(), command.tags.into());
    }
    tell(command.target, Method::POST, "schedule", Value::Object(body)).await
}

/// Pauses a schedule.
pub async fn pause(command: PauseCommand) -> Result<(), Failure> {
    let mut body = json!({});
    if let Some(reason) = command.reason {
        body["reason"] = reason.into();
    }
    if let Some(until) = command.until {
        body["until"] = until.into();
    }
    tell(command.target, Method::POST, "pause", body).await
}

/// Resumes a schedule.
pub async fn resume(command: TenantCommand) -> Result<(), Failure> {
    tell(command, Method::POST, "resume", json!({})).await
}

/// Runs an import by hand.
pub async fn run_now(command: RunNowCommand) -> Result<(), Failure> {
    let mut body = json!({ "wait_sec": command.wait_sec });
    if let Some(reason) = command.reason {
        body["reason"] = reason.into();
    }
    tell(command.target, Method::POST, "run-now", body).await
}

/// Stops a run.
pub async fn cancel(command: CancelCommand) -> Result<(), Failure> {
    let path = format!("runs/{}/cancel", command.run);
    let answer = Client::new(&command.remote)?.send(Method::POST, &path, &[], None, &json!({})).await?;
    if command.remote.json {
        return show(&format!("{answer:#}"));
    }
    show(&format!("{}: {} is cancelled", cell(&answer, "tenant"), cell(&answer, "run_id")))
}

/// Deletes a schedule.
pub async fn delete(command: TenantCommand) -> Result<(), Failure> {
    tell(command, Method::DELETE, "schedule", Value::Null).await
}

/// Shows how schedules stand.
pub async fn status(command: StatusCommand) -> Result<(), Failure> {
    let client = Client::new(&command.remote)?;
    let mut query = Vec::new();
    query.extend(command.tenant.map(|tenant| ("tenant", tenant.to_string())));
    query.extend(command.state.map(|state| ("state", state)));
    query.extend(command.overdue.then(|| ("overdue", "true".to_owned())));
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let mut page = query.clone();
        page.extend(cursor.map(|cursor| ("cursor", cursor)));
        let answer = client.send(Method::GET, "schedule/status", &page, None, &Value::Null).await?;
        if command.remote.json {
            show(&format!("{answer:#}"))?;
        }
        let schedules = answer.get("schedules").and_then(Value::as_object);
        rows.extend(schedules.into_iter().flatten().map(|(tenant, schedule)| status_row(tenant, schedule)));
        match answer.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    if command.remote.json {
        return Ok(());
    }
    print_table(&["TENANT", "STATE", "EVERY", "NEXT IN", "LAST RUN", "IMPORTED", "SKIPPED", "MESSAGE"], &rows)
}

/// Shows runs.
pub async fn runs(command: RunsCommand) -> Result<(), Failure> {
    let query = [
        ("tenant", command.tenant.map(|tenant| tenant.to_string())),
        ("state", command.state),
        ("limit", Some(command.limit.to_string())),
    ];
    let columns = [
        ("RUN", "run_id"),
        ("TENANT", "tenant"),
        ("TRIGGER", "trigger"),
        ("STATE", "state"),
        ("STARTED", "started_iso"),
        ("MS", "duration_ms"),
        ("IMPORTED", "stats.imported"),
        ("SKIPPED", "stats.skipped"),
        ("ERROR", "error.message"),
    ];
    list(&command.remote, "runs", &query, &columns).await
}

/// Shows audit entries.
pub async fn audit(command: AuditCommand) -> Result<(), Failure> {
    let query = [
        ("tenant", command.tenant.map(|tenant| tenant.to_string())),
        ("operation", command.operation),
        ("limit", Some(command.limit.to_string())),
    ];
    let columns = [
        ("WHEN", "ts_iso"),
        ("TENANT", "tenant"),
        ("OPERATION", "operation"),
        ("SOURCE", "source"),
        ("ACTOR", "actor"),
        ("ROLE", "role"),
        ("REQUEST", "request_id"),
    ];
    list(&command.remote, "audit", &query, &columns).await
}

/// Sends a command to a tenant and prints what came of it.
async fn tell(target: TenantCommand, method: Method, path: &str, body: Value) -> Result<(), Failure> {
    let client = Client::new(&target.remote)?;
    let answer = client.send(method, path, &[], Some(&target.tenant), &body).await?;
    if target.remote.json {
        return show(&format!("{answer:#}"));
    }
    let said = cell(&answer, "message");
    let said = match (said.as_str(), cell(&answer, "state").as_str()) {
        ("-", "running") => format!("running as {}", cell(&answer, "run_id")),
        ("-", _) => match answer.get("paused") {
            Some(Value::Bool(true)) => "paused".into(),
            Some(Value::Bool(false)) => "resumed".into(),
            _ => "done".into(),
        },
        (message, _) => message.to_owned(),
    };
    let unchanged = answer.get("changed") == Some(&Value::Bool(false));
    show(&format!("{}: {}{}", target.tenant, printable(&said), if unchanged { " already" } else { "" }))
}

/// Prints one page of a list, which the answer holds under the path's own name.
async fn list(
    remote: &Remote,
    path: &str,
    query: &[(&str, Option<String>)],
    columns: &[(&str, &str)],
) -> Result<(), Failure> {
    let query: Vec<_> = query.iter().filter_map(|(name, value)| Some((*name, value.clone()?))).collect();
    let answer = Client::new(remote)?.send(Method::GET, path, &query, None, &Value::Null).await?;
    if remote.json {
        return show(&format!("{answer:#}"));
    }
    let (headings, names): (Vec<_>, Vec<_>) = columns.iter().copied().unzip();
    let items = answer.get(path).and_then(Value::as_array);
    let row = |item: &Value| names.iter().map(|name| cell(item, name)).collect();
    print_table(&headings, &items.into_iter().flatten().map(row).collect::<Vec<_>>())
}

fn status_row(tenant: &str, schedule: &Value) -> Vec<String> {
    let next = match schedule.get("next_run_in_sec").and_then(Value::as_f64) {
        Some(secs) if secs <= 0.0 => "due".into(),
        Some(secs) => format!("{}s", secs.ceil()),
        None => "-".into(),
    };
    let every = match schedule.get("interval_sec").and_then(Value::as_u64) {
        Some(secs) => format!("{secs}s"),
        None => cell(schedule, "cron"),
    };
    let of = |name| cell(schedule, name);
    vec![
        tenant.to_owned(),
        of("state"),
        every,
        next,
        of("last_run_iso"),
        of("last_status.result.stats.imported"),
        of("last_status.result.stats.skipped"),
        of("last_status.message"),
    ]
}

/// The value at a dotted path, `-` where there is none.
fn cell(value: &Value, path: &str) -> String {
    match path.split('.').try_fold(value, |value, name| value.get(name)) {
        None | Some(Value::Null) => "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn print_table(headings: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
    show(aligned(headings, rows).trim_end())
}

/// Prints a line. A reader that went away (`| head`) is no failure.
pub fn show(text: &str) -> Result<(), Failure> {
    match writeln!(stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

struct Client {
    http: reqwest::Client,
    base: String,
}

impl Client {
    fn new(remote: &Remote) -> Result<Self, Failure> {
        let url = Url::parse(&remote.url).map_err(|error| Failure::config(format!("--url: {error}")))?;
        let base = format!("{}/api/crm/import/{}", url.as_str().trim_end_matches('/'), remote.source);
        let mut headers = HeaderMap::new();
        headers.insert("x-client", HeaderValue::from_static("cli"));
        if let Some(token) = &remote.token {
            let value = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut value =
                value.map_err(|_| Failure::config("--token: holds characters that no token has"))?;
            value.set_sensitive(true);
            headers.insert("authorization", value);
        }
        // Another part of the process may have chosen one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(60))
            .build()
            .map_err(|error| Failure::other(error.to_string()))?;
        Ok(Self { http, base })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        tenant: Option<&Tenant>,
        body: &Value,
    ) -> Result<Value, Failure> {
        let mut url = Url::parse(&format!("{}/{path}", self.base))
            .map_err(|error| Failure::config(format!("--url: {error}")))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.http.request(method, url);
        if let Some(tenant) = tenant {
            request = request.header("x-tenant", tenant.as_str());
        }
        if !body.is_null() {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        let answer = serde_json::from_str::<Value>(&text);
        if status.is_success() {
            return answer.map_err(|_| Failure::other("the server's answer is not JSON: is --url right?"));
        }
        Err(refusal(status, &answer.unwrap_or_default()))
    }
}

/// What a refused command says: the problem's detail, or what the run said.
fn refusal(status: reqwest::StatusCode, answer: &Value) -> Failure {
    let said = ["detail", "error", "message", "result.message"].map(|name| cell(answer, name));
    let said = said.iter().find(|text| *text != "-");
    Failure::other(said.map_or_else(|| format!("the server answered {status}"), |text| printable(text)))
}

/// The innermost cause, without the address' query.
fn unreachable(error: reqwest::Error) -> Failure {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Failure::other(format!("can not reach the server: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_row_says_when_the_next_run_is() {
        let row = |next: Value| {
            let schedule = json!({
                "state": "ok", "interval_sec": 300, "next_run_in_sec": next, "last_run_iso": "2026-11-22T10:57:00Z",
                "last_status": { "message": "done", "result": { "stats": { "imported": 3, "skipped": 0 } } },
            });
            status_row("peakpro", &schedule).join(" ")
        };

        assert_eq!(row(json!(41.2)), "peakpro ok 300s 42s 2026-11-22T10:57:00Z 3 0 done");
        assert_eq!(row(json!(0)), "peakpro ok 300s due 2026-11-22T10:57:00Z 3 0 done");
        assert_eq!(row(Value::Null), "peakpro ok 300s - 2026-11-22T10:57:00Z 3 0 done");
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let status = reqwest::StatusCode::BAD_GATEWAY;

        for (answer, said) in [
            (json!({ "detail": "tenant_required", "message": "x" }), "tenant_required"),
            (json!({ "ok": false, "result": { "ok": false, "message": "key refused" } }), "key refused"),
            (Value::Null, "the server answered 502 Bad Gateway"),
        ] {
            assert_eq!(refusal(status, &answer).to_string(), said);
        }
    }
}
