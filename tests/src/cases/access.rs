//! Who may do what: roles, tenants, tokens.

use scheduler_core::rest::policies;
use serde_json::{Value, json};

use super::setup::{everything, list, parts, quiet, token};
use crate::host::Host;
use crate::upstream::key_of;
use crate::{Ask, ask, delete, get, needs, patch, post, put, upstream};

/// What a route needs, by its method and target.
struct Route {
    method: &'static str,
    target: &'static str,
    role: &'static str,
    /// Whether it is about the tenant of `x-tenant`.
    tenant: bool,
}

/// Every route but those that need none.
#[rustfmt::skip]
const ROUTES: [Route; 40] = [
    Route { method: "GET", target: "schedule", role: "viewer", tenant: true },
    Route { method: "GET", target: "schedule/preview", role: "viewer", tenant: true },
    Route { method: "POST", target: "schedule/preview", role: "viewer", tenant: true },
    Route { method: "GET", target: "occurrences", role: "viewer", tenant: true },
    Route { method: "GET", target: "explain", role: "viewer", tenant: true },
    Route { method: "GET", target: "connection", role: "viewer", tenant: true },
    Route { method: "GET", target: "records", role: "viewer", tenant: true },
    Route { method: "GET", target: "records/jobs/x", role: "viewer", tenant: true },
    Route { method: "GET", target: "records/export", role: "viewer", tenant: true },
    Route { method: "GET", target: "schedule/status", role: "viewer", tenant: false },
    Route { method: "GET", target: "schedules", role: "viewer", tenant: false },
    Route { method: "GET", target: "runs", role: "viewer", tenant: false },
    Route { method: "GET", target: "runs/00000000000000000000000000", role: "viewer", tenant: false },
    Route { method: "GET", target: "runs/latest?tenants=x", role: "viewer", tenant: false },
    Route { method: "GET", target: "timeline", role: "viewer", tenant: false },
    Route { method: "GET", target: "audit", role: "viewer", tenant: false },
    Route { method: "GET", target: "audit/export", role: "viewer", tenant: false },
    Route { method: "GET", target: "/api/audit/verify", role: "viewer", tenant: false },
    Route { method: "GET", target: "/api/changes?since=0", role: "viewer", tenant: false },
    Route { method: "GET", target: "/api/whoami", role: "viewer", tenant: false },
    Route { method: "GET", target: "/metrics", role: "viewer", tenant: false },
    Route { method: "HEAD", target: "/api/events", role: "viewer", tenant: false },
    Route { method: "POST", target: "schedule", role: "operator", tenant: true },
    Route { method: "PATCH", target: "schedule", role: "operator", tenant: true },
    Route { method: "POST", target: "pause", role: "operator", tenant: true },
    Route { method: "POST", target: "resume", role: "operator", tenant: true },
    Route { method: "POST", target: "run-now", role: "operator", tenant: true },
    Route { method: "DELETE", target: "schedule", role: "operator", tenant: true },
    Route { method: "GET", target: "bulk", role: "viewer", tenant: false },
    Route { method: "GET", target: "bulk/0-1", role: "viewer", tenant: false },
    Route { method: "POST", target: "bulk", role: "operator", tenant: false },
    Route { method: "POST", target: "bulk/0-1/cancel", role: "operator", tenant: false },
    Route { method: "POST", target: "runs/00000000000000000000000000/cancel", role: "operator", tenant: false },
    Route { method: "POST", target: "/ops/tick", role: "operator", tenant: false },
    Route { method: "PUT", target: "connection", role: "admin", tenant: true },
    Route { method: "DELETE", target: "connection", role: "admin", tenant: true },
    Route { method: "POST", target: "connection/test", role: "admin", tenant: true },
    Route { method: "GET", target: "/api/tokens", role: "admin", tenant: false },
    Route { method: "POST", target: "/api/tokens", role: "admin", tenant: false },
    Route { method: "DELETE", target: "/api/tokens/0000000000000000", role: "admin", tenant: false },
];

const ROLES: [&str; 3] = ["viewer", "operator", "admin"];

fn rank(role: &str) -> usize {
    ROLES.iter().position(|known| *known == role).expect("a role")
}

/// The five principals: of `alpha` in each role, of all, of `beta`.
struct Principals {
    all: String,
    of_alpha: Vec<(&'static str, String)>,
    of_beta: String,
}

async fn principals(host: &dyn Host) -> Principals {
    quiet(host, "alpha").await;
    quiet(host, "beta").await;
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let mut of_alpha = Vec::new();
    for role in ROLES {
        of_alpha.push((role, token(host, Some(&all), role, json!(["alpha"])).await));
    }
    let of_beta = token(host, Some(&all), "admin", json!(["beta"])).await;
    Principals { all, of_alpha, of_beta }
}

fn to(route: &Route, tenant: &str) -> Ask {
    let ask = ask(route.method, route.target);
    if route.tenant { ask.tenant(tenant) } else { ask }
}

/// The tables of this file know every operation that needs a role, and which.
pub async fn no_route_is_left_out(host: &dyn Host) {
    let document = get("/openapi.json").anonymous().of(host).await.json();
    let fits = |path: &str, target: &str| {
        let target = target.split('?').next().unwrap_or_default();
        let target = if target.starts_with('/') {
            target.to_owned()
        } else {
            format!("{}/{target}", crate::ask::BASE)
        };
        let same = |(part, given): (&str, &str)| part.starts_with('{') || part == given;
        path.split('/').count() == target.split('/').count()
            && path.split('/').zip(target.split('/')).all(same)
    };
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = operation["operationId"].as_str().expect("a name");
            let policy = policies().iter().find(|policy| policy.operation == name).expect("a policy");
            let Some(role) = policy.role else { continue };
            let method = if name == "streamEvents" { "HEAD" } else { &method.to_uppercase() };
            let route = ROUTES.iter().find(|route| route.method == method && fits(path, route.target));
            let route = route.unwrap_or_else(|| panic!("{method} {path} is in no table"));
            assert_eq!((route.role, route.tenant), (role.as_str(), policy.tenant), "{method} {path}");
        }
    }
}

/// Nobody gets in without a good token; the refusal says nothing else.
pub async fn without_a_good_token_nobody_gets_in(host: &dyn Host) {
    let all = principals(host).await.all;
    let (id, secret) = parts(&all);
    let bad = [
        None,
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some("Basic YTpi".to_owned()),
        Some("Bearer alk_x".to_owned()),
        Some(format!("Bearer alk_0000000000000000_{secret}")),
        Some(format!("Bearer alk_{id}_{}", "A".repeat(43))),
        Some(format!("Bearer {}", &all[..all.len() - 1])),
        Some(format!("Bearer {all}A")),
        Some(format!("Bearer {}", all.to_uppercase())),
    ];
    for (number, route) in ROUTES.iter().enumerate() {
        let given = &bad[number % bad.len()];
        let ask = to(route, "alpha").anonymous();
        let ask = given.iter().fold(ask, |ask, value| ask.header("authorization", value));
        let answer = ask.of(host).await;
        assert_eq!(answer.status, 401, "{given:?} {answer}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        if route.method != "HEAD" {
            assert_eq!(answer.problem()["code"], "unauthenticated", "{answer}");
        }
    }
    for (path, status) in
        [("/ops/ping", 200), ("/ops/health", 200), ("/openapi.json", 200), ("/api/capabilities", 200)]
    {
        let answer = get(path).anonymous().of(host).await;
        assert_eq!(answer.status, status, "{answer}");
    }
}

/// Routes × roles: too low a role is refused with its name, and changes nothing.
pub async fn every_route_knows_its_role(host: &dyn Host) {
    let principals = principals(host).await;
    let before = list(host, get("schedules").token(&principals.all), "schedules").await;
    for route in &ROUTES {
        for (role, secret) in &principals.of_alpha {
            if rank(role) >= rank(route.role) {
                continue;
            }
            let answer = to(route, "alpha").token(secret).of(host).await;
            assert_eq!(answer.status, 403, "{role} {answer}");
            if route.method != "HEAD" {
                let problem = answer.problem();
                assert_eq!(problem["code"], "role_too_low", "{answer}");
                assert_eq!(problem["detail"], format!("{} privileges required", route.role));
            }
        }
    }
    let after = list(host, get("schedules").token(&principals.all), "schedules").await;
    assert_eq!(before, after);
    for route in ROUTES.iter().filter(|route| route.role == "viewer") {
        for (role, secret) in &principals.of_alpha {
            let answer = to(route, "alpha").token(secret).of(host).await;
            let narrow = route.target == "/metrics" && answer.status == 403;
            assert!(answer.status != 401 && (answer.status != 403 || narrow), "{role} {answer}");
        }
    }
}

/// A tenant of others looks, to the byte, as one that does not exist.
pub async fn a_foreign_tenant_looks_as_if_it_did_not_exist(host: &dyn Host) {
    let principals = principals(host).await;
    for route in ROUTES.iter().filter(|route| route.tenant) {
        let mut answers = Vec::new();
        for tenant in ["alpha", "nobody"] {
            let ask = to(route, tenant).token(&principals.of_beta).header("x-request-id", "same");
            let answer = ask.of(host).await;
            assert_eq!(answer.status, 404, "{answer}");
            answers.push(answer);
        }
        assert_eq!(answers[0].body, answers[1].body, "{}", answers[0]);
        assert_eq!(answers[0].headers, answers[1].headers, "{}", answers[0]);
    }
}

/// No list, count, export, event or view tells of tenants of others.
pub async fn no_list_tells_of_tenants_of_others(host: &dyn Host) {
    upstream::connect_with(host, "alpha", 1).await;
    let principals = principals(host).await;
    let run = post("run-now").tenant("alpha").token(&principals.all).json(json!({ "wait_sec": 30 }));
    let run = run.good(host).await["run_id"].clone();
    let run = run.as_str().expect("a run");

    for path in [
        "schedules",
        "schedule/status",
        "schedules?tenant=alpha",
        "schedules?q=alpha",
        "runs",
        "runs?tenant=alpha",
        "runs/latest?tenants=alpha,beta",
        "audit",
        "audit?tenant=alpha",
        "audit/export?format=json",
        "audit/export?format=csv",
        "/api/tokens",
        "/api/whoami",
        "/api/audit/verify",
    ] {
        let answer = get(path).token(&principals.of_beta).of(host).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert!(!answer.holds("alpha"), "{answer}");
    }
    let own = get("schedule/status").token(&principals.of_beta).good(host).await;
    assert_eq!(own["counts"]["total"], 1, "{own}");
    let own = get("timeline?bucket_sec=3600").token(&principals.of_beta).good(host).await;
    assert_eq!(own["buckets"][0]["ran"], 0, "{own}");
    let own = get("audit").token(&principals.of_beta).good(host).await;
    assert_eq!(own["total"], own["audit"].as_array().expect("entries").len(), "{own}");
    get(&format!("runs/{run}")).token(&principals.of_beta).refused(host, 404, "run_not_found").await;
    let cancel = post(&format!("runs/{run}/cancel"));
    cancel.token(&principals.of_beta).refused(host, 404, "run_not_found").await;
    get("/metrics").token(&principals.of_beta).refused(host, 403, "scope_too_narrow").await;
    post("/ops/tick").token(&principals.of_beta).refused(host, 403, "scope_too_narrow").await;
}

/// Refused callers are in the audit, where administrators of all see them.
pub async fn denials_are_audited(host: &dyn Host) {
    let principals = principals(host).await;
    let (_, viewer) = &principals.of_alpha[0];
    post("pause").tenant("alpha").token(viewer).refused(host, 403, "role_too_low").await;
    post("pause")
        .tenant("beta")
        .token(&principals.of_alpha[1].1)
        .refused(host, 404, "schedule_not_found")
        .await;
    get("schedules").anonymous().refused(host, 401, "unauthenticated").await;

    let denials = list(host, get("audit?operation=denied").token(&principals.all), "audit").await;
    let reasons: Vec<_> = denials.iter().map(|entry| entry["metadata"]["reason"].clone()).collect();
    assert_eq!(reasons, ["unauthenticated", "foreign_tenant", "role_too_low"], "{denials:#?}");
    assert_eq!((&denials[0]["actor"], &denials[2]["role"]), (&json!("anonymous"), &json!("viewer")));
    assert!(denials.iter().all(|entry| entry["request_id"].is_string()), "{denials:?}");
    let seen = list(host, get("audit?operation=denied").token(viewer), "audit").await;
    assert_eq!(seen, Vec::<Value>::new(), "others do not see them");
}

/// A flood of denials does not fill the audit; what was left out is counted.
pub async fn a_flood_of_denials_is_summed_up(host: &dyn Host) {
    needs!(host, one_process);
    needs!(host, simulated_time);
    let all = principals(host).await.all;
    let denied = async || list(host, get("audit?operation=denied&limit=1000").token(&all), "audit").await;
    for _ in 0..100 {
        get("schedules").anonymous().of(host).await;
    }
    assert_eq!(denied().await.len(), 30);
    host.pass(std::time::Duration::from_secs(61)).await;
    get("schedules").anonymous().of(host).await;
    let entries = denied().await;
    assert_eq!((entries.len(), &entries[0]["metadata"]["suppressed_before"]), (31, &json!(70)));
}

/// Without a token everybody is the local administrator, and may ask to be less.
pub async fn open_mode_narrows_by_the_headers_of_old(host: &dyn Host) {
    needs!(host, open_mode);
    quiet(host, "peakpro").await;
    for (headers, role) in [
        (&[][..], "admin"),
        (&[("x-role", "viewer")], "viewer"),
        (&[("x-role", "ops")], "operator"),
        (&[("x-role", "operator")], "operator"),
        (&[("x-role", "admin")], "admin"),
        (&[("x-role", "nonsense")], "viewer"),
        (&[("x-ops", "1")], "operator"),
        (&[("x-ops", "0")], "admin"),
        (&[("x-role", "viewer"), ("x-ops", "1")], "viewer"),
        (&[("x-role", "admin"), ("x-ops", "1")], "operator"),
    ] {
        let me = get("/api/whoami").with(headers).good(host).await;
        assert_eq!((&me["role"], &me["auth"]), (&json!(role), &json!("open")), "{headers:?}");
        assert_eq!((&me["actor"], &me["tenants"]), (&json!("local"), &json!(["*"])));
        for (needed, ask) in [
            ("viewer", get("schedule")),
            ("operator", post("pause")),
            ("admin", put("connection").json(json!({ "api_key": key_of("peakpro") }))),
        ] {
            let answer = ask.tenant("peakpro").with(headers).of(host).await;
            let allowed = rank(role) >= rank(needed);
            assert_eq!(answer.status, if allowed { 200 } else { 403 }, "{headers:?} {answer}");
        }
    }
}

/// With a token configured, the headers of old mean nothing.
pub async fn token_mode_ignores_the_headers_of_old(host: &dyn Host) {
    let principals = principals(host).await;
    get("schedules").anonymous().header("x-role", "admin").refused(host, 401, "unauthenticated").await;
    for (role, secret) in &principals.of_alpha {
        let ask = get("/api/whoami").token(secret).header("x-role", "admin").header("x-ops", "1");
        let me = ask.good(host).await;
        assert_eq!(
            (&me["role"], &me["auth"], &me["tenants"]),
            (&json!(role), &json!("token"), &json!(["alpha"]))
        );
    }
    let (_, operator) = &principals.of_alpha[1];
    // A token for one tenant may leave the header out, and may not name another.
    let paused = post("pause").token(operator).good(host).await;
    assert_eq!(paused["tenant"], "alpha");
    let foreign = delete("schedule").tenant("beta").token(operator);
    foreign.refused(host, 404, "schedule_not_found").await;
    post("pause").token(&principals.all).refused(host, 400, "tenant_required").await;
}

/// Tokens are made, listed without their secret, expire, and stop working when revoked.
pub async fn tokens_are_made_listed_and_revoked(host: &dyn Host) {
    let governing = json!({ "name": "x", "role": "viewer" });
    if host.admin().is_none() {
        post("/api/tokens").json(governing).refused(host, 409, "last_admin").await;
    }
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let body = json!({ "name": "ci", "role": "operator", "tenants": ["alpha"] });
    let made = post("/api/tokens").token(&all).json(body).of(host).await;
    assert_eq!(made.status, 201, "{made}");
    let made = made.json();
    let (id, secret) =
        (made["token"]["id"].as_str().expect("an id"), made["secret"].as_str().expect("a secret"));
    let rows = get("/api/tokens").token(&all).of(host).await;
    let (_, hidden) = parts(secret);
    assert!(rows.holds(id) && !rows.holds(hidden), "{rows}");
    assert!(!get("audit").token(&all).of(host).await.holds(hidden));

    get("schedules").token(secret).good(host).await;
    delete(&format!("/api/tokens/{id}")).token(&all).good(host).await;
    get("schedules").token(secret).refused(host, 401, "unauthenticated").await;
    delete(&format!("/api/tokens/{id}")).token(&all).refused(host, 404, "token_not_found").await;

    for (body, field) in [
        (json!({}), "name"),
        (json!({ "name": "" }), "name"),
        (json!({ "name": "x" }), "role"),
        (json!({ "name": "x", "role": "root" }), "role"),
        (json!({ "name": "x", "role": "viewer", "tenants": [] }), "tenants"),
        (json!({ "name": "x", "role": "viewer", "tenants": ["A"] }), "tenants"),
        (json!({ "name": "x", "role": "viewer", "expires_at": "2001-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "name": "x", "role": "viewer", "secret": "mine" }), "secret"),
    ] {
        let refused =
            post("/api/tokens").token(&all).json(body.clone()).refused(host, 422, "field_invalid").await;
        assert_eq!(refused["field"], field, "{body}");
    }
    let own = token(host, Some(&all), "admin", json!(["alpha"])).await;
    let wider = json!({ "name": "x", "role": "viewer", "tenants": "*" });
    assert_eq!(
        post("/api/tokens").token(&own).json(wider).refused(host, 422, "field_invalid").await["field"],
        "tenants"
    );
    let (mine, _) = parts(&all);
    if host.admin().is_none() {
        delete(&format!("/api/tokens/{mine}")).token(&all).refused(host, 409, "last_admin").await;
    }
}

/// A token that has expired opens nothing.
pub async fn a_token_expires(host: &dyn Host) {
    needs!(host, simulated_time);
    quiet(host, "alpha").await;
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let expires = (host.now() + std::time::Duration::from_secs(60)).iso();
    let body = json!({ "name": "short", "role": "admin", "expires_at": expires });
    let short = post("/api/tokens").token(&all).json(body).good(host).await["secret"].take();
    let short = short.as_str().expect("a secret");
    get("schedules").token(short).good(host).await;
    host.pass(std::time::Duration::from_secs(61)).await;
    get("schedules").token(short).refused(host, 401, "unauthenticated").await;
    let rows = list(host, get("/api/tokens").token(&all), "tokens").await;
    assert!(rows.iter().any(|row| row["expired"] == true), "{rows:?}");
}

/// A caller who may not change a thing leaves no trace but the denial.
pub async fn a_viewer_changes_nothing(host: &dyn Host) {
    needs!(host, open_mode);
    upstream::connect(host, "peakpro").await;
    quiet(host, "peakpro").await;
    let before = everything(host).await;
    for (_, ask) in super::setup::writes("peakpro") {
        let answer = ask.header("x-role", "viewer").of(host).await;
        assert_eq!(answer.status, 403, "{answer}");
    }
    let answer = patch("schedule").tenant("peakpro").header("x-role", "viewer").body("{").of(host).await;
    assert_eq!(answer.status, 403, "the role is looked at before the body: {answer}");
    assert_eq!(everything(host).await, before);
}
