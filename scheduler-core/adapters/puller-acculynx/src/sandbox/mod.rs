//! A fake AccuLynx server. It behaves as the real one has been seen to behave; every trap is a switch.
//!
//! It keeps time by the `Clock` port and can be called in process ([`SandboxClient`]), as an axum
//! `Router` ([`Sandbox::router`]) or on a socket ([`Sandbox::serve`]). All people in it are made up.

mod answer;
mod client;
mod collections;
mod demo;
mod journal;
mod leaves;
mod location;
mod temper;
mod webhooks;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use scheduler_core::ports::Clock;

pub use answer::Answer;
pub use client::SandboxClient;
pub use demo::{DemoTenant, demo};
pub use journal::{Journal, Logged};
pub use location::{Contact, Job, Location};
pub use temper::{Fault, Policing, Temper, Trouble};

use answer::problem;

/// What the whole server answers to; the part after the host of [`Sandbox::BASE_URL`].
const BASE_PATH: &str = "/api/v2";
const WEBHOOKS_PATH: &str = "/webhooks/v2";

type Hook = Box<dyn FnMut(&mut Location, &Logged) + Send>;

/// The server: locations by key, and a journal of every request.
#[derive(Clone)]
pub struct Sandbox {
    clock: Arc<dyn Clock>,
    world: Arc<Mutex<World>>,
}

struct World {
    locations: BTreeMap<String, Location>,
    hooks: BTreeMap<String, Vec<Hook>>,
    journal: Journal,
    policing: Policing,
    banned_until: Duration,
}

impl Sandbox {
    /// The address to give a puller that reaches the sandbox through [`SandboxClient`].
    pub const BASE_URL: &str = "http://sandbox.invalid/api/v2";

    /// The address to give a puller that reaches the sandbox on a socket.
    pub fn base_url(at: std::net::SocketAddr) -> String {
        format!("http://{at}{BASE_PATH}")
    }

    /// A server without locations.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let world = World {
            locations: BTreeMap::new(),
            hooks: BTreeMap::new(),
            journal: Journal::default(),
            policing: Policing::default(),
            banned_until: Duration::ZERO,
        };
        Self { clock, world: Arc::new(Mutex::new(world)) }
    }

    /// Opens a location to whoever sends `key`.
    pub fn add(&self, key: &str, location: Location) {
        self.lock().locations.insert(key.to_owned(), location);
    }

    /// Changes a location, its data or its temper. An unknown key changes nothing.
    pub fn change(&self, key: &str, change: impl FnOnce(&mut Location)) {
        if let Some(location) = self.lock().locations.get_mut(key) {
            change(location);
        }
    }

    /// Calls `hook` after every request of `key` was answered, to change records between two pages.
    pub fn after_each(&self, key: &str, hook: impl FnMut(&mut Location, &Logged) + Send + 'static) {
        self.lock().hooks.entry(key.to_owned()).or_default().push(Box::new(hook));
    }

    /// Chooses how the server punishes too many requests.
    pub fn police(&self, policing: Policing) {
        self.lock().policing = policing;
    }

    /// Every request so far.
    pub fn journal(&self) -> Journal {
        self.lock().journal.clone()
    }

    /// Forgets the requests so far.
    pub fn clear_journal(&self) {
        self.lock().journal = Journal::default();
    }

    /// Answers one request. `target` is path and query.
    pub fn answer(&self, method: &str, target: &str, authorization: Option<&str>, body: &[u8]) -> Answer {
        let (now, ticks) = (self.clock.now(), self.clock.monotonic());
        let mut world = self.lock();
        let World { locations, hooks, journal, policing, banned_until } = &mut *world;
        let key = authorization.and_then(|text| text.strip_prefix("Bearer ")).unwrap_or("").to_owned();
        let mut logged = Logged {
            at: ticks,
            key: key.clone(),
            method: method.to_owned(),
            target: target.to_owned(),
            status: 0,
        };
        let refused = policing.refuse(journal, &key, ticks, banned_until);
        let answer = match (refused, locations.get_mut(&key)) {
            (Some(refused), _) => refused,
            (None, None) => problem(401, "Unauthorized", "API Key is invalid or deactivated"),
            (None, Some(location)) => {
                location.pass_time(now);
                let trouble = location.temper.trouble_for(target);
                let answer = location.answer(method, target, body, now);
                let answer = match trouble {
                    Some(fault) => fault.spoil(answer),
                    None => answer,
                };
                answer.later(location.temper.latency)
            }
        };
        logged.status = answer.status;
        journal.add(logged.clone());
        if let Some(location) = locations.get_mut(&key) {
            for hook in hooks.get_mut(&key).into_iter().flatten() {
                hook(location, &logged);
            }
        }
        answer
    }

    /// The server as a router.
    pub fn router(&self) -> Router {
        Router::new().fallback(handle).with_state(self.clone())
    }

    /// Serves on a socket until the task is dropped.
    ///
    /// # Errors
    ///
    /// When the listener fails.
    pub async fn serve(self, listener: tokio::net::TcpListener) -> std::io::Result<()> {
        axum::serve(listener, self.router()).await
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn handle(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap_or_default();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let authorization = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let answer = sandbox.answer(parts.method.as_str(), target, authorization, &body);
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    let body = if answer.delay.is_zero() && !answer.reset {
        Body::from(answer.body)
    } else {
        slow_body(sandbox.clock.clone(), answer)
    };
    response.body(body).unwrap_or_default()
}

/// A body that comes late, or never whole.
fn slow_body(clock: Arc<dyn Clock>, answer: Answer) -> Body {
    Body::from_stream(futures::stream::once(async move {
        clock.sleep(answer.delay).await;
        if answer.reset {
            return Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        }
        Ok(Bytes::from(answer.body))
    }))
}
