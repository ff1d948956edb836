//! Who calls and what they may do. Handlers get their tenant only from here.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};

use super::call::Call;
use super::front::request_id;
use super::limits::Kind;
use super::problem::{Error, Result};
use super::session::{is_local, same_origin};
use super::{Surface, token};
use crate::domain::{Caller, Key, Role, Scope, Source, Tenant, TokenRecord, Via};
use crate::machine::Refusal;

pub(super) const TENANT: HeaderName = HeaderName::from_static("x-tenant");
const CLIENT: HeaderName = HeaderName::from_static("x-client");
const ROLE: HeaderName = HeaderName::from_static("x-role");
const OPS: HeaderName = HeaderName::from_static("x-ops");

/// How a principal has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Auth {
    /// It had not to: no token is configured.
    Open,
    /// By a token, or a session that a token began.
    Token,
}

/// Who calls.
#[derive(Debug, Clone)]
pub(super) struct Principal {
    pub(super) id: Arc<str>,
    pub(super) actor: Arc<str>,
    pub(super) role: Role,
    pub(super) scope: Scope,
    pub(super) auth: Auth,
}

impl Principal {
    pub(super) fn local(role: Role) -> Arc<Self> {
        Arc::new(Self { id: "open".into(), actor: "local".into(), role, scope: Scope::All, auth: Auth::Open })
    }

    fn of(record: &TokenRecord) -> Arc<Self> {
        Arc::new(Self {
            id: token::principal_id(&record.id),
            actor: record.name.clone(),
            role: record.role,
            scope: record.scope.clone(),
            auth: Auth::Token,
        })
    }
}

/// The one place where it is decided whether a principal may act on a tenant.
///
/// A tenant outside the principal's scope is refused as if it did not exist.
pub(super) fn authorize(principal: &Principal, needs: Role, tenant: Option<&Tenant>) -> Result<()> {
    if principal.role < needs {
        return Err(Error::RoleTooLow(needs).into());
    }
    match tenant {
        Some(tenant) if !principal.scope.admits(tenant) => Err(Error::Refused(Refusal::NoSchedule).into()),
        _ => Ok(()),
    }
}

/// A caller that may do what the route does.
pub(super) struct Granted {
    pub(super) principal: Arc<Principal>,
    pub(super) caller: Caller,
}

/// A caller that may do what the route does, at a source that exists.
pub(super) struct OfSource {
    pub(super) principal: Arc<Principal>,
    pub(super) caller: Caller,
    pub(super) source: Source,
}

/// A caller that may do what the route does, to this tenant.
pub(super) struct OfTenant {
    pub(super) principal: Arc<Principal>,
    pub(super) caller: Caller,
    pub(super) key: Key,
}

/// What a grant is for, for idempotency keys and the audit trail.
pub(super) trait Grant: Send + Sync {
    fn caller(&self) -> &Caller;
    fn principal(&self) -> &Principal;
    /// The tenant that the request was resolved to.
    fn tenant(&self) -> Option<&Tenant>;
}

macro_rules! grant {
    ($name:ident, $self:ident => $tenant:expr) => {
        impl Grant for $name {
            fn caller(&self) -> &Caller {
                &self.caller
            }

            fn principal(&self) -> &Principal {
                &self.principal
            }

            fn tenant(&$self) -> Option<&Tenant> {
                $tenant
            }
        }
    };
}

grant!(Granted, self => None);
grant!(OfSource, self => None);
grant!(OfTenant, self => Some(&self.key.tenant));

impl Call {
    /// A caller of at least this role.
    pub(super) async fn granted(&mut self, needs: Role) -> Result<Granted> {
        let principal = self.shared.admit(&self.parts, needs).await?;
        let caller = caller(&principal, &self.parts.headers);
        Ok(Granted { principal, caller })
    }

    /// A caller of at least this role, at the source that the path names.
    pub(super) async fn of_source(&mut self, needs: Role) -> Result<OfSource> {
        let Granted { principal, caller } = self.granted(needs).await?;
        let source = self.shared.source(self.parts.uri.path())?;
        Ok(OfSource { principal, caller, source })
    }

    /// A caller of at least this role for the tenant that the request names, or that it is bound to.
    pub(super) async fn of_tenant(&mut self, needs: Role) -> Result<OfTenant> {
        let Self { shared, parts, .. } = self;
        let principal = shared.authenticated(parts).await?;
        let named = match parts.headers.get(TENANT) {
            Some(name) => {
                let name = name.to_str().ok().and_then(|name| Tenant::parse(name).ok());
                Some(name.ok_or(Error::TenantInvalid)?)
            }
            None => principal.scope.single().cloned(),
        };
        if let Err(error) = authorize(&principal, needs, named.as_ref()) {
            return Err(shared.denied(parts, Some(&principal), named.as_ref(), error).await);
        }
        let source = shared.source(parts.uri.path())?;
        let key = Key::new(source, named.ok_or(Error::TenantRequired)?);
        let caller = caller(&principal, &parts.headers);
        Ok(OfTenant { principal, caller, key })
    }

    /// A caller that may tick or read metrics: someone who may see all tenants, or the tick token.
    pub(super) async fn machinery(&mut self, needs: Role) -> Result<()> {
        let Self { shared, parts, .. } = self;
        if let (Some(given), Some(expected)) = (token::bearer(&parts.headers), &shared.tick_token)
            && token::same(given, expected.expose())
        {
            return Ok(());
        }
        let principal = shared.admit(parts, needs).await?;
        if principal.scope != Scope::All {
            return Err(shared.denied(parts, Some(&principal), None, Error::ScopeTooNarrow.into()).await);
        }
        Ok(())
    }
}

impl Surface {
    /// Authenticates and authorises a request that names no tenant.
    async fn admit(&self, parts: &Parts, needs: Role) -> Result<Arc<Principal>> {
        let principal = self.authenticated(parts).await?;
        match authorize(&principal, needs, None) {
            Ok(()) => Ok(principal),
            Err(error) => Err(self.denied(parts, Some(&principal), None, error).await),
        }
    }

    /// Finds out who calls; a refusal is audited.
    async fn authenticated(&self, parts: &Parts) -> Result<Arc<Principal>> {
        match self.authenticate(parts).await {
            Ok(principal) => Ok(principal),
            Err(error) => Err(self.denied(parts, None, None, error).await),
        }
    }

    async fn authenticate(&self, parts: &Parts) -> Result<Arc<Principal>> {
        if !self.tokens_exist().await? {
            return self.open_principal(parts);
        }
        let (now, monotonic) = (self.engine.clock().now(), self.engine.clock().monotonic());
        let unsafe_method = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let record = match token::bearer(&parts.headers) {
            Some(text) => self.token_of(text).await?,
            None => {
                let session = self.session(&parts.headers, now).ok_or(Error::Unauthenticated)?;
                if unsafe_method && !same_origin(&parts.headers) {
                    return Err(Error::CrossSite.into());
                }
                let record = self.engine.store().token(&session.token).await?;
                record.filter(|record| token::alive(record, now)).ok_or(Error::Unauthenticated)?
            }
        };
        let principal = Principal::of(&record);
        let kind = if unsafe_method { Kind::Write } else { Kind::Read };
        self.buckets.take(&principal.id, kind, monotonic)?;
        Ok(principal)
    }

    /// The token that the text stands for; failures are limited for all callers together.
    pub(super) async fn token_of(&self, text: &str) -> Result<TokenRecord> {
        let (now, monotonic) = (self.engine.clock().now(), self.engine.clock().monotonic());
        let everyone: Arc<str> = "everyone".into();
        let found = match token::parts(text) {
            Some((id, secret)) => {
                let record = self.engine.store().token(id).await?;
                token::holds(record.as_ref(), secret, now).then_some(record).flatten()
            }
            None => None,
        };
        match found {
            Some(record) => Ok(record),
            None => {
                self.buckets.take(&everyone, Kind::Failure, monotonic)?;
                Err(Error::Unauthenticated.into())
            }
        }
    }

    /// Whether a caller that was let in would be let in again.
    pub(super) async fn still_holds(&self, principal: &Principal) -> bool {
        match principal.id.strip_prefix("token:") {
            None => matches!(self.tokens_exist().await, Ok(false)),
            Some(id) => match self.engine.store().token(id).await {
                Ok(record) => record.is_some_and(|record| token::alive(&record, self.engine.clock().now())),
                // A store that fails for a moment ends no stream.
                Err(_) => true,
            },
        }
    }

    /// Without any token, whoever sits at this machine is the administrator.
    fn open_principal(&self, parts: &Parts) -> Result<Arc<Principal>> {
        if !self.loopback {
            return Err(Error::Unauthenticated.into());
        }
        let text =
            |name| parts.headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
        let host = text(HOST).or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
        if host.is_some_and(|host| !is_local(host)) {
            return Err(Error::WrongHost.into());
        }
        let ours = |origin: &str| origin.split_once("://").is_some_and(|(_, site)| is_local(site));
        if text(ORIGIN).is_some_and(|origin| !ours(origin)) {
            return Err(Error::CrossSite.into());
        }
        let named = text(ROLE).map(|name| Role::parse(name).unwrap_or(Role::Viewer));
        let ops = text(OPS).filter(|value| *value == "1").map(|_| Role::Operator);
        let role = named.into_iter().chain(ops).min().unwrap_or(Role::Admin);
        Ok(self.locals[role as usize].clone())
    }

    /// Whether any token is configured, as it was at most two seconds ago.
    pub(super) async fn tokens_exist(&self) -> Result<bool> {
        let monotonic = self.engine.clock().monotonic();
        if let Some(known) = self.guarded.get(monotonic) {
            return Ok(known);
        }
        let exist = !self.engine.store().tokens().await?.is_empty();
        self.guarded.set(exist, monotonic);
        Ok(exist)
    }

    /// The source that a path names, if it has a puller.
    fn source(&self, path: &str) -> Result<Source> {
        let name = path.strip_prefix("/api/crm/import/").and_then(|rest| rest.split('/').next());
        let known = self.sources.iter().find(|source| Some(source.as_str()) == name);
        Ok(known.cloned().ok_or(Error::SourceUnknown)?)
    }
}

fn caller(principal: &Principal, headers: &HeaderMap) -> Caller {
    let via = match headers.get(CLIENT).map(|client| client.as_bytes()) {
        Some(b"ui") => Via::Ui,
        Some(b"cli") => Via::Cli,
        _ => Via::Api,
    };
    Caller {
        actor: principal.actor.clone(),
        role: principal.role,
        via,
        request_id: Some(request_id(headers)),
    }
}

/// Remembers for a short while whether tokens exist.
pub(super) struct Guarded {
    /// Milliseconds of the monotonic clock until which the answer holds; negative once it says "yes".
    until: AtomicI64,
}

const REMEMBERED: Duration = Duration::from_secs(2);

impl Guarded {
    pub(super) fn unknown() -> Self {
        Self { until: AtomicI64::new(0) }
    }

    fn get(&self, now: Duration) -> Option<bool> {
        let until = self.until.load(Ordering::Acquire);
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        (now < until.abs()).then_some(until < 0)
    }

    fn set(&self, exist: bool, now: Duration) {
        let until = i64::try_from((now + REMEMBERED).as_millis()).unwrap_or(i64::MAX);
        self.until.store(if exist { -until } else { until }, Ordering::Release);
    }

    /// Asks the store again next time.
    pub(super) fn forget(&self) {
        self.until.store(0, Ordering::Release);
    }
}
