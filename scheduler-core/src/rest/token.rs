//! Access tokens: `alk_<id>_<secret>`, the secret kept as a hash only.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::domain::{Role, Scope, Secret, Timestamp, TokenRecord};
use crate::vault::random;

/// Makes a token: the record to be stored, and the text to be shown once.
pub fn mint(
    name: &str,
    role: Role,
    scope: Scope,
    created: Timestamp,
    expires: Option<Timestamp>,
) -> (TokenRecord, Secret) {
    let id: String = random::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
    let secret = URL_SAFE_NO_PAD.encode(random::<32>());
    let text = Secret::new(&format!("alk_{id}_{secret}"));
    let record =
        TokenRecord { id: id.into(), hash: hash(&secret), role, scope, name: name.into(), created, expires };
    (record, text)
}

/// The public and the secret part of a token's text.
pub(super) fn parts(text: &str) -> Option<(&str, &str)> {
    let (id, secret) = text.strip_prefix("alk_")?.split_once('_')?;
    let well_formed = id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    (well_formed && secret.len() == 43).then_some((id, secret))
}

/// Whether `secret` is the record's, in a time that does not depend on where it differs.
///
/// Without a record the same work is done, so that the time does not tell either.
pub(super) fn holds(record: Option<&TokenRecord>, secret: &str, now: Timestamp) -> bool {
    let expected = record.map_or([0; 32], |record| record.hash);
    let equal = bool::from(hash(secret).ct_eq(&expected));
    equal && record.is_some_and(|record| alive(record, now))
}

/// Whether the token has not expired.
pub(super) fn alive(record: &TokenRecord, now: Timestamp) -> bool {
    record.expires.is_none_or(|expires| now < expires)
}

/// Whether two secrets are equal, in constant time.
pub(super) fn same(left: &str, right: &str) -> bool {
    hash(left).ct_eq(&hash(right)).into()
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The token in an `Authorization` header.
pub(super) fn bearer(headers: &http::HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The name under which a principal's limits and idempotency keys are kept.
pub(super) fn principal_id(id: &Arc<str>) -> Arc<str> {
    format!("token:{id}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_token_holds_until_it_expires() {
        let now = Timestamp::from_secs(1_800_000_000);
        let expires = Some(Timestamp::from_secs(1_800_000_060));
        let (record, text) = mint("ci", Role::Viewer, Scope::All, now, expires);
        let (id, secret) = parts(text.expose()).unwrap();

        assert_eq!(id, &*record.id);
        assert!(holds(Some(&record), secret, now));
        assert!(!holds(Some(&record), secret, Timestamp::from_secs(1_800_000_060)));
        assert!(!holds(Some(&record), &secret.replace(&secret[..1], "~"), now));
        assert!(!holds(None, secret, now));
    }
}
