//! The OpenAPI document, from the handlers and one table of policies.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, PartialSchema};

use super::call::Call;
use super::problem::{Problem, Result};
use super::views::Particulars;
use super::{Told, reply};
use crate::domain::{Role, Source, Tenant, in_order};

/// Who may call an operation, and which headers it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The operation's name in the OpenAPI document.
    pub operation: &'static str,
    /// The role that it needs; none where no token is needed.
    pub role: Option<Role>,
    /// Whether it reads `x-tenant`.
    pub tenant: bool,
    /// Whether it reads `If-Match`.
    pub guarded: bool,
    /// Whether it reads `Idempotency-Key`.
    pub idempotent: bool,
}

const fn read(operation: &'static str, tenant: bool) -> Policy {
    Policy { operation, role: Some(Role::Viewer), tenant, guarded: false, idempotent: false }
}

const fn write(operation: &'static str, role: Role, tenant: bool, guarded: bool) -> Policy {
    Policy { operation, role: Some(role), tenant, guarded, idempotent: true }
}

const fn public(operation: &'static str) -> Policy {
    Policy { operation, role: None, tenant: false, guarded: false, idempotent: false }
}

const POLICIES: &[Policy] = &[
    read("getSchedule", true),
    write("putSchedule", Role::Operator, true, true),
    write("editSchedule", Role::Operator, true, true),
    write("deleteSchedule", Role::Operator, true, true),
    read("scheduleStatus", false),
    read("listSchedules", false),
    read("previewSchedule", true),
    read("previewProposal", true),
    write("pauseSchedule", Role::Operator, true, true),
    write("resumeSchedule", Role::Operator, true, true),
    write("runNow", Role::Operator, true, true),
    write("cancelRun", Role::Operator, false, true),
    write("bulk", Role::Operator, false, false),
    read("listBulks", false),
    read("getBulk", false),
    write("cancelBulk", Role::Operator, false, false),
    read("listRuns", false),
    read("latestRuns", false),
    read("timeline", false),
    read("getRun", false),
    read("listOccurrences", true),
    read("explain", true),
    read("listAudit", false),
    read("verifyAudit", false),
    read("exportAudit", false),
    read("getConnection", true),
    write("putConnection", Role::Admin, true, false),
    write("deleteConnection", Role::Admin, true, false),
    write("testConnection", Role::Admin, true, false),
    read("listRecords", true),
    read("getRecord", true),
    read("exportRecords", true),
    read("streamEvents", false),
    read("listChanges", false),
    read("whoami", false),
    public("beginSession"),
    public("endSession"),
    Policy {
        operation: "listTokens",
        role: Some(Role::Admin),
        tenant: false,
        guarded: false,
        idempotent: false,
    },
    write("createToken", Role::Admin, false, false),
    write("revokeToken", Role::Admin, false, false),
    public("capabilities"),
    Policy {
        operation: "tick",
        role: Some(Role::Operator),
        tenant: false,
        guarded: false,
        idempotent: false,
    },
    public("ping"),
    public("health"),
    read("metrics", false),
    public("openapi"),
];

/// The policy of every operation.
pub fn policies() -> &'static [Policy] {
    POLICIES
}

/// The OpenAPI document as it is served.
pub fn document() -> String {
    text(&Told::openapi())
}

/// Read this document.
#[utoipa::path(get, path = "/openapi.json", tag = "ops", operation_id = "openapi", security(()),
    responses((status = 200, description = "The OpenAPI document", body = Particulars)))]
pub(super) async fn openapi(call: &mut Call) -> Result<Response> {
    let shared = &call.shared;
    let mut response = Response::new(Body::from(shared.openapi.get_or_init(shared.document).clone()));
    response.headers_mut().insert(header::CONTENT_TYPE, reply::JSON);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// Completes what the handlers say with what holds for all of them.
fn text(openapi: &utoipa::openapi::OpenApi) -> String {
    let mut document = in_order(serde_json::to_value(openapi).unwrap_or_default());
    document["info"] = json!({
        "title": "AetherLink Command Center",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "Schedules, runs and audits the sync of every tenant's CRM.",
        "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
    });
    document["tags"] = json!([
        { "name": "schedules", "description": "Each tenant's schedule" },
        { "name": "runs", "description": "What ran, and why" },
        { "name": "audit", "description": "Who did what" },
        { "name": "connections", "description": "Keys of the upstream" },
        { "name": "records", "description": "What was imported" },
        { "name": "live", "description": "What changes, as it changes" },
        { "name": "session", "description": "Who calls" },
        { "name": "ops", "description": "For machines" },
    ]);
    document["security"] = json!([{ "bearer": [] }, { "session": [] }, {}]);
    let components = &mut document["components"];
    components["securitySchemes"] = json!({
        "bearer": { "type": "http", "scheme": "bearer", "description": "An access token: `alk_<id>_<secret>`." },
        "session": {
            "type": "apiKey", "in": "cookie", "name": "__Host-alk",
            "description": "A session of the web app (`alk` while listening on loopback).",
        },
    });
    components["schemas"]["Problem"] = serde_json::to_value(Problem::schema()).unwrap_or_default();
    components["responses"] = json!({
        "Problem": {
            "description": "The request was not carried out",
            "headers": { "x-request-id": { "schema": { "type": "string" } } },
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        },
    });
    components["parameters"] = parameters();
    if let Some(schemas) = components["schemas"].as_object_mut() {
        schemas.iter_mut().for_each(|(name, schema)| settle(name, schema));
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let operations = item.as_object_mut().into_iter().flatten();
            for (method, operation) in operations.filter(|(method, _)| METHODS.contains(&method.as_str())) {
                complete(path, method, operation);
            }
        }
    }
    let mut text = serde_json::to_string_pretty(&in_order(document)).unwrap_or_default();
    text.push('\n');
    text
}

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

/// Fields that are left out where they do not apply; all others of an answer are always there.
const LEFT_OUT: [&str; 3] = ["next_run_in_sec", "log", "phases"];

/// Says which fields are always there, and that requests know no others.
fn settle(name: &str, schema: &mut Value) {
    if name == "Problem" {
        return;
    }
    for part in schema["oneOf"].as_array_mut().into_iter().flatten() {
        settle(name, part);
    }
    let Some(fields) = schema["properties"].as_object() else { return };
    if name.ends_with("Request") || name == "BulkFilter" || name == "CatchUp" {
        schema["additionalProperties"] = json!(false);
        return;
    }
    let always: Vec<_> = fields.keys().filter(|field| !LEFT_OUT.contains(&field.as_str())).cloned().collect();
    schema["required"] = json!(always);
}

fn parameters() -> Value {
    let header = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema });
    let source = json!({
        "name": "source", "in": "path", "required": true, "description": "Where the data comes from",
        "schema": { "type": "string", "pattern": Source::GRAMMAR, "example": "acculynx" },
    });
    json!({
        "Source": source,
        "Tenant": header(
            "x-tenant",
            "Whose schedule; a token bound to exactly one tenant may leave it out",
            json!({ "type": "string", "pattern": Tenant::GRAMMAR, "example": "peakpro" }),
        ),
        "IfMatch": header(
            "if-match",
            "The revision that is to be changed; another one is answered with 412",
            json!({ "type": "string", "example": "\"7\"" }),
        ),
        "IdempotencyKey": header(
            "idempotency-key",
            "Repeats of a request under the same key are answered alike, and carried out once",
            json!({ "type": "string", "minLength": 1, "maxLength": 255 }),
        ),
        "RequestId": header(
            "x-request-id",
            "Names the request in the answer, the log and the audit trail; made up if absent",
            json!({ "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]{1,128}$" }),
        ),
        "Client": header(
            "x-client",
            "What sends the request, for the audit trail",
            json!({ "type": "string", "enum": ["ui", "cli"] }),
        ),
    })
}

/// Adds the headers that an operation reads and the problems that it may answer with.
fn complete(path: &str, method: &str, operation: &mut Value) {
    let name = operation["operationId"].as_str().unwrap_or_default().to_owned();
    let policy = POLICIES.iter().find(|policy| policy.operation == name);
    let mut headers = Vec::new();
    if path.contains("{source}") {
        headers.push("Source");
    }
    let writes = method != "get";
    let mut problems = vec!["429", "500", "503"];
    if let Some(policy) = policy {
        if policy.tenant {
            headers.push("Tenant");
        }
        if policy.guarded {
            headers.push("IfMatch");
            problems.push("412");
        }
        if policy.idempotent {
            headers.push("IdempotencyKey");
        }
        if policy.role.is_some() {
            problems.extend(["401", "403", "421"]);
        }
        operation["x-role"] = json!(policy.role.map(Role::as_str));
    }
    if writes {
        headers.push("Client");
        problems.extend(["400", "413", "415", "422"]);
        if policy.is_some_and(|policy| policy.role.is_some()) {
            problems.push("409");
        }
    } else if operation["parameters"].is_array() || path.contains('{') {
        problems.extend(["400", "422"]);
    }
    if path.contains('{') || name == "streamEvents" {
        problems.push("404");
    }
    if name == "listChanges" {
        problems.push("410");
    }
    if name == "beginSession" || name == "endSession" {
        problems.extend(["401", "403"]);
    }
    headers.push("RequestId");
    let parameters = headers.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }));
    for parameter in operation["parameters"].as_array_mut().into_iter().flatten() {
        if parameter["in"] == "header" {
            parameter["schema"] = json!({ "type": "string" });
        }
    }
    match operation["parameters"].as_array_mut() {
        Some(known) => known.extend(parameters),
        None => operation["parameters"] = parameters.collect(),
    }
    if let Some(schema) = operation.pointer_mut("/requestBody/content/application~1json/schema")
        && let Some(whole) = schema["oneOf"].get(0).cloned()
    {
        *schema = whole;
        operation["requestBody"]["required"] = json!(false);
    }
    if let Some(responses) = operation["responses"].as_object_mut() {
        add(responses, &problems);
    }
}

fn add(responses: &mut Map<String, Value>, problems: &[&str]) {
    for status in problems {
        let known = responses.contains_key(*status);
        if !known {
            responses.insert((*status).to_owned(), json!({ "$ref": "#/components/responses/Problem" }));
        }
    }
}
