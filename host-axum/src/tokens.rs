//! Access tokens, made and revoked on the store itself: that is how the first one comes about.

use std::time::Duration;

use scheduler_core::domain::{
    AuditDraft, Caller, Key, Operation, Record, Role, Scope, Timestamp, TokenRecord, Via, Write,
};
use scheduler_core::machine::{Command, decide};
use scheduler_core::ports::{Commit, Store, commit_one};
use scheduler_core::rest;
use serde_json::json;

use crate::Failure;
use crate::config::TokenCreate;
use crate::table::aligned;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// How often a commit is tried when the server writes the same record.
const PATIENCE: usize = 16;

/// Whether a token would open the door at `now`.
///
/// # Errors
///
/// When the store fails.
pub async fn any(store: &dyn Store, now: Timestamp) -> Result<bool, Failure> {
    let tokens = store.tokens().await?;
    Ok(tokens.iter().any(|token| token.expires.is_none_or(|expires| now < expires)))
}

/// Makes a token and returns its secret, which is kept nowhere.
///
/// # Errors
///
/// When the store fails.
pub async fn create(store: &dyn Store, wanted: &TokenCreate, now: Timestamp) -> Result<String, Failure> {
    let scope = if wanted.tenants.is_empty() {
        Scope::All
    } else {
        Scope::Only(wanted.tenants.iter().cloned().collect())
    };
    let expires = wanted.expires_days.map(|days| now + DAY * days);
    let (token, secret) = rest::mint(&wanted.name, wanted.role, scope, now, expires);
    let particulars = json!({ "created": token.id, "token_role": token.role, "scope": token.scope });
    write(store, Write::Token(Box::new(token)), particulars, now).await?;
    Ok(secret.expose().to_owned())
}

/// Revokes a token.
///
/// # Errors
///
/// When there is none of that id, or the store fails.
pub async fn revoke(store: &dyn Store, id: &str, now: Timestamp) -> Result<(), Failure> {
    let Some(token) = store.token(id).await? else {
        return Err(Failure::other(format!("there is no token {id:?}")));
    };
    let particulars = json!({ "revoked": token.id });
    write(store, Write::RevokeToken(token.id), particulars, now).await
}

/// The tokens as a table.
///
/// # Errors
///
/// When the store fails.
pub async fn list(store: &dyn Store, now: Timestamp) -> Result<String, Failure> {
    let rows: Vec<_> = store.tokens().await?.iter().map(|token| row(token, now)).collect();
    Ok(aligned(&["ID", "ROLE", "TENANTS", "NAME", "CREATED", "EXPIRES"], &rows))
}

fn row(token: &TokenRecord, now: Timestamp) -> Vec<String> {
    let tenants = match &token.scope {
        Scope::All => "*".to_owned(),
        Scope::Only(tenants) => tenants.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
    };
    let expires = match token.expires {
        None => "never".to_owned(),
        Some(expires) if expires <= now => "expired".to_owned(),
        Some(expires) => expires.iso(),
    };
    vec![
        token.id.to_string(),
        token.role.as_str().into(),
        tenants,
        token.name.to_string(),
        token.created.iso(),
        expires,
    ]
}

/// Commits `write` with its audit entry.
async fn write(
    store: &dyn Store,
    write: Write,
    particulars: serde_json::Value,
    now: Timestamp,
) -> Result<(), Failure> {
    let key = Key::system();
    let caller = Caller { actor: "command line".into(), role: Role::Admin, via: Via::Cli, request_id: None };
    for _ in 0..PATIENCE {
        let record = store.load(&key).await?;
        let record = record.as_deref().cloned().unwrap_or_else(|| Record::new(key.clone()));
        let note =
            AuditDraft { metadata: particulars.clone().into(), ..AuditDraft::new(Operation::Token, &caller) };
        let command = Command::Note { draft: Box::new(note), writes: vec![write.clone()] };
        let change = decide(&record, command, &caller, now)
            .map_err(|refusal| Failure::other(refusal.to_string()))?
            .change;
        if commit_one(store, change).await? != Commit::Conflict {
            return Ok(());
        }
    }
    Err(Failure::other("the store is changed too often: try again"))
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use scheduler_core::domain::Tenant;
    use scheduler_core::memory::MemoryStore;
    use scheduler_core::ports::AuditQuery;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::config::{Cli, Token};

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_token_is_made_listed_and_revoked_and_each_step_is_audited() {
        let (store, now) = (MemoryStore::new(), Timestamp::from_secs(NOW));
        block_on(async {
            assert!(!any(&store, now).await.unwrap());

            let secret = create(&store, &wanted("--tenants=peakpro,summit"), now).await.unwrap();

            let token = store.tokens().await.unwrap().remove(0);
            let (prefix, hidden) = secret.rsplit_once(&format!("_{}_", token.id)).unwrap();
            assert_eq!((prefix, hidden.len()), ("alk", 43));
            assert_eq!(token.hash, <[u8; 32]>::from(Sha256::digest(hidden)));
            assert!(token.scope.admits(&Tenant::parse("summit").unwrap()));
            let table = list(&store, now).await.unwrap();
            assert!(table.contains("peakpro,summit") && !table.contains(hidden), "{table}");
            assert!(any(&store, now).await.unwrap());

            revoke(&store, &token.id, now).await.unwrap();

            assert!(!any(&store, now).await.unwrap());
            assert!(revoke(&store, &token.id, now).await.is_err());
            assert_eq!(store.audit(&everything()).await.unwrap().rows.len(), 2);
        });
    }

    #[test]
    fn an_expired_token_opens_nothing() {
        let (store, now) = (MemoryStore::new(), Timestamp::from_secs(NOW));

        block_on(create(&store, &wanted("--expires-days=2"), now)).unwrap();

        assert!(block_on(any(&store, now + DAY)).unwrap());
        assert!(!block_on(any(&store, now + 2 * DAY)).unwrap());
    }

    fn wanted(flag: &str) -> TokenCreate {
        use clap::Parser;
        let cli = Cli::parse_from(["command-center", "token", "create", "--role=operator", flag]);
        match cli.command {
            crate::config::Command::Token(Token::Create(wanted)) => wanted,
            other => panic!("{other:?}"),
        }
    }

    fn everything() -> AuditQuery {
        AuditQuery {
            source: Key::system().source,
            scope: Scope::All,
            operation: Some(Operation::Token),
            actor: None,
            since: None,
            until: None,
            cursor: None,
            limit: 10,
        }
    }
}
