//! Who calls, and what a token allows.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Tenant, Timestamp};

/// What a caller may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Commands schedules.
    Operator,
    /// Manages connections and tokens.
    Admin,
}

impl Role {
    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// Reads the name; `ops` is the original service's word for operator.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "viewer" => Some(Self::Viewer),
            "operator" | "ops" => Some(Self::Operator),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// Where a command came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// A REST client.
    Api,
    /// The web app.
    Ui,
    /// The command line.
    Cli,
    /// The control plane itself.
    System,
}

/// Who gives a command, as it stands in the audit trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The principal's name.
    pub actor: Arc<str>,
    /// The role that it acts in.
    pub role: Role,
    /// Where the command came in.
    pub via: Via,
    /// The request that carries the command.
    pub request_id: Option<Arc<str>>,
}

impl Caller {
    /// The control plane itself.
    pub fn system() -> Self {
        Self { actor: "system".into(), role: Role::Admin, via: Via::System, request_id: None }
    }
}

/// The tenants that a principal may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// All of them.
    All,
    /// These and no others.
    Only(BTreeSet<Tenant>),
}

impl Scope {
    /// Whether `tenant` is within.
    pub fn admits(&self, tenant: &Tenant) -> bool {
        match self {
            Self::All => true,
            Self::Only(tenants) => tenants.contains(tenant),
        }
    }

    /// The tenant, where there is exactly one.
    pub fn single(&self) -> Option<&Tenant> {
        match self {
            Self::Only(tenants) if tenants.len() == 1 => tenants.first(),
            _ => None,
        }
    }
}

/// An access token as it is stored: its secret only as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// The public part, by which it is found.
    pub id: Arc<str>,
    /// SHA-256 of the secret part.
    #[serde(with = "super::audit::hex")]
    pub hash: [u8; 32],
    /// What it allows.
    pub role: Role,
    /// For which tenants.
    pub scope: Scope,
    /// What it is for, in the words of who made it.
    pub name: Arc<str>,
    /// When it was made.
    pub created: Timestamp,
    /// When it stops working.
    pub expires: Option<Timestamp>,
}
