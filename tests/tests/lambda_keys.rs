//! Wrapped keys, against a service that keeps to KMS' rules.

use host_conformance::lambda::KeyService;
use keys_kms::Kms;
use scheduler_core::domain::{Key, Source, Tenant};
use scheduler_core::ports::{DataKeys, StoreError};

fn key(tenant: &str) -> Key {
    Key::new(Source::parse("acculynx").expect("a name"), Tenant::parse(tenant).expect("a name"))
}

#[tokio::test]
async fn a_wrapped_key_opens_for_its_tenant_alone() {
    let Some(service) = KeyService::start() else { return };
    let kms = Kms::new(service.client(), service.key());

    let made = kms.fresh(&key("a")).await.expect("the service answers");

    let opened = async |tenant, wrapped: &str| kms.unwrap(&key(tenant), wrapped).await.expect("an answer");
    assert_eq!(opened("a", &made.wrapped).await, Some(made.plain));
    assert_eq!(opened("b", &made.wrapped).await, None, "the tenant is the encryption context");
    let other = kms.fresh(&key("a")).await.expect("the service answers");
    assert_ne!(other.plain, made.plain, "each key is new");
    let spoilt = made.wrapped.chars().rev().collect::<String>();
    assert_eq!(opened("a", &spoilt).await, None, "what is no wrapped key opens for nobody");
    let gone = Kms::new(service.client(), "alias/nobody").fresh(&key("a")).await;
    assert!(matches!(gone, Err(StoreError::Unavailable(_))));
}
