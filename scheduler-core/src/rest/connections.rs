//! A tenant's key at its upstream: goes in, never comes out.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::call::Call;
use super::moment::{Epoch, Iso};
use super::problem::{Error, Result};
use super::reply::{Reply, json};
use crate::domain::{ErrorKind, Record, Role, Secret};
use crate::machine::Command;

/// A tenant's access to its upstream.
#[derive(ToSchema)]
#[schema(as = ConnectionRequest)]
#[expect(dead_code, reason = "documents what the handler reads")]
struct ConnectionRequest {
    /// The tenant's own key at the upstream: visible ASCII.
    #[schema(min_length = 1, max_length = 512, pattern = "^[!-~]{1,512}$", write_only)]
    api_key: String,
    /// The upstream's address, where it is not the source's own; https only.
    #[schema(max_length = 512)]
    base_url: Option<String>,
}

/// What may be known of a connection.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionAnswer)]
struct Shown {
    ok: bool,
    tenant: String,
    /// Whether there is a key.
    configured: bool,
    /// Tells keys apart without showing them.
    fingerprint: Option<String>,
    base_url: Option<String>,
    /// When the key was set.
    updated: Option<Epoch>,
    updated_iso: Option<Iso>,
}

/// What the upstream said.
#[derive(Serialize, ToSchema)]
#[schema(as = ConnectionTestAnswer)]
struct Tested {
    /// Whether the upstream accepts the key.
    ok: bool,
    tenant: String,
    fingerprint: Option<String>,
    message: String,
    /// The class of the failure.
    error: Option<ErrorKind>,
}

/// Set the tenant's upstream key.
#[utoipa::path(put, path = "/api/crm/import/{source}/connection", tag = "connections",
    operation_id = "putConnection", request_body(content = ConnectionRequest),
    responses((status = 200, description = "The key is set", body = Shown)))]
pub(super) async fn put(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Admin).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    let api_key = order.fields.text("api_key", 512)?.ok_or_else(|| Error::field("api_key", "is required"))?;
    if api_key.is_empty() || !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Error::field("api_key", "must be 1 to 512 visible ASCII characters"));
    }
    let base_url = order.fields.text("base_url", 512)?;
    order.finish()?;
    let key = &grant.key;
    if let Some(url) = &base_url {
        let own = shared.base_url(key.source.as_str());
        if !acceptable(url) && own != Some(url.as_str()) {
            return Err(Error::field("base_url", "must be an https address without credentials or query"));
        }
    }
    let (secret, now) = (Secret::new(&api_key), shared.now());
    let base_url: Option<Arc<str>> = base_url.map(Into::into);
    let sealed = shared.vault.seal_connection(key, &secret, base_url, now).await?;
    let body = Shown {
        ok: true,
        tenant: key.tenant.to_string(),
        configured: true,
        fingerprint: Some(sealed.fingerprint.to_string()),
        base_url: sealed.base_url.as_deref().map(str::to_owned),
        updated: Some(Epoch(now)),
        updated_iso: Some(Iso(now)),
    };
    let ask = |_: &Record| Ok(Command::Connect(Some(Box::new(sealed.clone()))));
    order.carry_out(shared, key, &ask, &|_| Reply::ok(&body)).await
}

/// Whether an address may be called: https, a plain host, no credentials, nothing hidden behind it.
fn acceptable(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = host.split_once(':').unwrap_or((host, "443"));
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    let labelled = name.contains('.') && name.bytes().any(|b| b.is_ascii_alphabetic());
    let safe = |b: u8| b.is_ascii_alphanumeric() || b"./_-~".contains(&b);
    labelled
        && name.bytes().all(plain)
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
        && port.parse::<u16>().is_ok()
        && path.bytes().all(safe)
        && !path.split('/').any(|part| part == "..")
}

/// Read what may be known of the tenant's connection.
#[utoipa::path(get, path = "/api/crm/import/{source}/connection", tag = "connections",
    operation_id = "getConnection", responses((status = 200, description = "The connection", body = Shown)))]
pub(super) async fn get(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Viewer).await?;
    let shared = &call.shared;
    let sealed = shared.engine.store().connection(&grant.key).await?;
    let sealed = sealed.as_ref();
    // A key may also be managed elsewhere, where its date is not known.
    let elsewhere = match sealed {
        Some(_) => None,
        None => shared.engine.connection(&grant.key).await?,
    };
    let fingerprint = sealed.map(|sealed| &sealed.fingerprint);
    let fingerprint = fingerprint.or(elsewhere.as_ref().map(|connection| &connection.fingerprint));
    let base_url = sealed.and_then(|sealed| sealed.base_url.as_deref());
    let base_url = base_url.or(elsewhere.as_ref().and_then(|connection| connection.base_url.as_deref()));
    json(&Shown {
        ok: true,
        tenant: grant.key.tenant.to_string(),
        configured: fingerprint.is_some(),
        fingerprint: fingerprint.map(ToString::to_string),
        base_url: base_url.map(str::to_owned),
        updated: sealed.map(|sealed| Epoch(sealed.updated)),
        updated_iso: sealed.map(|sealed| Iso(sealed.updated)),
    })
}

/// Remove the tenant's upstream key.
#[utoipa::path(delete, path = "/api/crm/import/{source}/connection", tag = "connections",
    operation_id = "deleteConnection", responses((status = 200, description = "The key is gone", body = Shown)))]
pub(super) async fn delete(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Admin).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    order.finish()?;
    let key = &grant.key;
    if shared.engine.store().connection(key).await?.is_none() {
        return Err(order.remember(shared, Error::NotFound("connection").into()).await);
    }
    let body = Shown {
        ok: true,
        tenant: key.tenant.to_string(),
        configured: false,
        fingerprint: None,
        base_url: None,
        updated: None,
        updated_iso: None,
    };
    let ask = |_: &Record| Ok(Command::Connect(None));
    order.carry_out(shared, key, &ask, &|_| Reply::ok(&body)).await
}

/// Try the tenant's upstream key with one cheap live call.
#[utoipa::path(post, path = "/api/crm/import/{source}/connection/test", tag = "connections",
    operation_id = "testConnection",
    responses((status = 200, description = "What the upstream said", body = Tested)))]
pub(super) async fn test(call: &mut Call) -> Result<Response> {
    let grant = call.of_tenant(Role::Admin).await?;
    let mut order = call.order(&grant).await?;
    let shared = &call.shared;
    order.finish()?;
    let key = &grant.key;
    let missing = || Error::NotFound("connection");
    let connection = shared.engine.connection(key).await?.ok_or_else(missing)?;
    let puller = shared.engine.puller(&key.source).ok_or(Error::SourceUnknown)?;
    let clock = shared.engine.clock();
    let limit = clock.sleep(std::time::Duration::from_secs(20));
    let tested = match futures::future::select(puller.test(&connection, clock.clone()), limit).await {
        futures::future::Either::Left((tested, _)) => tested,
        futures::future::Either::Right(_) => {
            Err(crate::domain::RunError::new(ErrorKind::Timeout, "no answer within 20 s"))
        }
    };
    let (ok, message, error) = match tested {
        Ok(message) => (true, message, None),
        Err(error) => (false, error.message.to_string(), Some(error.kind)),
    };
    // Whatever the upstream says, the key does not get out.
    let message = message.replace(connection.api_key.expose(), "…");
    let fingerprint = Some(connection.fingerprint.to_string());
    let reply = Reply::ok(&Tested { ok, tenant: key.tenant.to_string(), fingerprint, message, error });
    order.keep(shared, &reply).await?;
    Ok(reply.into_response())
}

#[cfg(test)]
mod tests {
    use super::acceptable;

    #[test]
    fn only_plain_https_addresses_are_called() {
        for good in ["https://api.acculynx.com", "https://api.acculynx.com:8443/api/v2"] {
            assert!(acceptable(good), "{good}");
        }
        for bad in [
            "http://api.acculynx.com",
            "https://user:pass@api.acculynx.com",
            "https://localhost",
            "https://127.0.0.1",
            "https://[::1]/",
            "https://2130706433",
            "https://api.acculynx.com/?a=b",
            "https://api.acculynx.com/../x",
            "https://api.acculynx.com.:443",
            "https://api.acculynx.com\n",
            "file:///etc/passwd",
        ] {
            assert!(!acceptable(bad), "{bad}");
        }
    }
}
