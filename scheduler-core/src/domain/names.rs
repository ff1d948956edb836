//! Names of tenants and sources, and the key that joins the two.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A name that does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must match {grammar}")]
pub struct InvalidName {
    what: &'static str,
    grammar: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $grammar:literal, $accepts:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The grammar as a regular expression, for documents and messages.
            pub const GRAMMAR: &'static str = $grammar;

            /// Accepts a name that follows [`Self::GRAMMAR`].
            pub fn parse(text: &str) -> Result<Self, InvalidName> {
                let accepts: fn(&[u8]) -> bool = $accepts;
                if accepts(text.as_bytes()) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidName { what: $what, grammar: Self::GRAMMAR })
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::parse(&text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name! {
    /// A tenant's name, such as `peakpro`.
    Tenant, "tenant", "^[a-z0-9][a-z0-9._-]{0,63}$", |text| {
        (1..=64).contains(&text.len())
            && text[0].is_ascii_alphanumeric()
            && text.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(b))
    }
}

name! {
    /// The name of a registered puller, such as `acculynx`.
    Source, "source", "^[a-z_][a-z0-9_-]{0,31}$", |text| {
        (1..=32).contains(&text.len())
            && (text[0].is_ascii_lowercase() || text[0] == b'_')
            && text.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(b))
    }
}

/// Names one record: a tenant at a source, or the control plane itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The source that is pulled from.
    pub source: Source,
    /// The tenant whose data is pulled.
    pub tenant: Tenant,
}

impl Key {
    /// Joins a source and a tenant.
    pub fn new(source: Source, tenant: Tenant) -> Self {
        Self { source, tenant }
    }

    /// The record that holds the control plane's own audit chain: tokens, denials, bulk commands.
    ///
    /// No puller's source begins with an underscore, so it never meets a tenant's record.
    pub fn system() -> Self {
        Self { source: Source("_system".into()), tenant: Tenant("system".into()) }
    }

    /// The record that holds a bulk command while it is under way, and its place in the audit.
    pub fn bulk(place: u8) -> Self {
        Self { tenant: Tenant(format!("bulk-{place}").into()), ..Self::system() }
    }

    /// Whether this is one of the control plane's own records.
    pub fn is_system(&self) -> bool {
        self.source.as_str() == "_system"
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.source, self.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_follows_the_grammar() {
        for good in ["a", "peakpro", "0", "a.b_c-d", &"x".repeat(64)] {
            assert!(Tenant::parse(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "A", "a b", "ä", "a/b", "a\n", &"x".repeat(65)] {
            assert!(Tenant::parse(bad).is_err(), "{bad}");
        }
    }
}
