//! A surface to send requests to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use futures::executor::block_on;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use scheduler_core::domain::{
    AuditDraft, Caller, Connection, Entity, ErrorKind, Item, Key, Operation, Role, RunError, Scope, Source,
    Stats, Tenant, Timestamp, Write,
};
use scheduler_core::engine::{Engine, EngineConfig, Pullers};
use scheduler_core::machine::{Command, decide};
use scheduler_core::memory::MemoryStore;
use scheduler_core::metrics::{Metrics, TenantLabels};
use scheduler_core::ports::{
    Clock, ManualClock, PullContext, PullFailure, Pulled, Puller, Store, commit_one,
};
use scheduler_core::rest::{App, mint, router};
use scheduler_core::vault::{StoredConnections, Vault};
use serde_json::Value;
use tower::ServiceExt;

pub(crate) const A: &str = "/api/crm/import/acculynx";

/// What the upstream is to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    Bring,
    Fail,
    Hang,
    Panic,
}

pub(crate) struct Scripted(Mutex<Script>);

#[async_trait]
impl Puller for Scripted {
    async fn pull(&self, context: PullContext) -> Result<Pulled, PullFailure> {
        let script = *self.0.lock().unwrap();
        match script {
            Script::Bring => {
                let entity: Entity = "jobs".into();
                let item = |id: &str, text: &str| Item {
                    entity: entity.clone(),
                    external_id: id.into(),
                    modified: None,
                    hash: [id.len() as u8; 32],
                    data: serde_json::value::RawValue::from_string(text.into()).unwrap(),
                };
                let items = vec![item("1", r#"{"name":"=cmd()"}"#), item("a/b c", "{}")];
                let tally = context.sink.write(items).await?;
                let stats = Stats { imported: tally.created, requests: 1, ..Stats::default() };
                Ok(Pulled { stats, message: Some("brought".into()), ..Pulled::default() })
            }
            Script::Fail => Err(PullFailure::new(ErrorKind::Protocol, "the upstream broke its contract")),
            Script::Hang => std::future::pending().await,
            Script::Panic => panic!("as the script says"),
        }
    }

    async fn test(&self, connection: &Connection, _: Arc<dyn Clock>) -> Result<String, RunError> {
        assert!(*self.0.lock().unwrap() != Script::Panic, "as the script says: /secret/path");
        Ok(format!("hello {}", connection.api_key.expose()))
    }

    fn needs_connection(&self) -> bool {
        false
    }
}

pub(crate) struct Surface {
    pub(crate) router: Router,
    pub(crate) engine: Arc<Engine>,
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) clock: ManualClock,
    pub(crate) puller: Arc<Scripted>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which must have this status.
    #[track_caller]
    pub(crate) fn is(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// The problem's code, with all that a problem must have checked.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        let body = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        assert_eq!(body["ok"], false);
        assert_eq!(body["status"], self.status.as_u16());
        assert_eq!(body["error"], body["detail"]);
        assert_eq!(body["request_id"], self.header("x-request-id"));
        for field in ["type", "title", "detail"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {}", self.text);
        }
        body["code"].as_str().unwrap().to_owned()
    }
}

pub(crate) fn tenant(name: &str) -> Tenant {
    Tenant::parse(name).unwrap()
}

pub(crate) fn start() -> Timestamp {
    Timestamp::from_secs(1_800_000_000)
}

impl Surface {
    /// Listens on loopback, with no token.
    pub(crate) fn open() -> Self {
        Self::with(|app| app.loopback(true))
    }

    /// Reached over a network.
    pub(crate) fn guarded() -> Self {
        Self::with(|app| app)
    }

    pub(crate) fn with(configure: impl FnOnce(App) -> App) -> Self {
        Self::over(Arc::new(MemoryStore::new()), configure)
    }

    /// One of several processes over one store.
    pub(crate) fn over(store: Arc<MemoryStore>, configure: impl FnOnce(App) -> App) -> Self {
        Self::working(store, EngineConfig::default(), configure)
    }

    pub(crate) fn working(
        store: Arc<MemoryStore>,
        config: EngineConfig,
        configure: impl FnOnce(App) -> App,
    ) -> Self {
        let vault = Arc::new(Vault::new([7; 32]));
        let clock = ManualClock::at(start());
        let puller = Arc::new(Scripted(Mutex::new(Script::Bring)));
        let pullers =
            Pullers::from([(Source::parse("acculynx").unwrap(), puller.clone() as Arc<dyn Puller>)]);
        let connections = Arc::new(StoredConnections::new(store.clone(), vault.clone()));
        let metrics = Metrics::new("test", "0", "none", TenantLabels::default());
        let engine =
            Engine::new(store.clone(), Arc::new(clock.clone()), pullers, connections, metrics, config);
        let engine = block_on(engine).unwrap();
        let app = configure(App::new(engine.clone(), vault).streaming(true));
        Self { router: router(app), engine, store, clock, puller }
    }

    /// Puts a token into the store, and gives its text.
    pub(crate) fn token(&self, role: Role, scope: Scope, expires: Option<Timestamp>) -> String {
        let (record, text) = mint(role.as_str(), role, scope, self.clock.now(), expires);
        self.system(Write::Token(Box::new(record)));
        // Long enough for whoever remembers that there was none.
        self.clock.advance(Duration::from_secs(3));
        text.expose().to_owned()
    }

    pub(crate) fn system(&self, write: Write) {
        let key = Key::system();
        block_on(async {
            let record = self.store.load(&key).await.unwrap();
            let record = record
                .as_deref()
                .cloned()
                .unwrap_or_else(|| scheduler_core::domain::Record::new(key.clone()));
            let draft = AuditDraft::new(Operation::Token, &Caller::system());
            let note = Command::Note { draft: Box::new(draft), writes: Vec::new() };
            let mut change = decide(&record, note, &Caller::system(), self.clock.now()).unwrap().change;
            change.writes.push(write);
            commit_one(&*self.store, change).await.unwrap();
        });
    }

    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        block_on(async {
            let response = self.router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            Answer { status: parts.status, headers: parts.headers, text }
        })
    }

    pub(crate) fn call(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("{A}/{path}") };
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap())
    }

    /// A GET in the name of a tenant.
    pub(crate) fn get(&self, tenant: &str, path: &str) -> Answer {
        self.call("GET", path, &[("x-tenant", tenant)], "")
    }

    /// A POST in the name of a tenant.
    pub(crate) fn post(&self, tenant: &str, path: &str, body: &str) -> Answer {
        self.call("POST", path, &[("x-tenant", tenant)], body)
    }

    pub(crate) fn script(&self, script: Script) {
        *self.puller.0.lock().unwrap() = script;
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// The system chain's entries of one operation.
    pub(crate) fn audited(&self, operation: &str) -> Vec<Value> {
        let body = block_on(self.store.chain(&Key::system(), 0, 1000)).unwrap();
        let all = body.iter().map(|entry| serde_json::to_value(entry).unwrap());
        all.filter(|entry| entry["operation"] == operation).collect()
    }
}
