//! What is asked of KMS, and what is made of its answers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use aws_smithy_http_client::test_util::infallible_client_fn;
use aws_smithy_types::body::SdkBody;
use futures::executor::block_on;
use keys_kms::{Kms, sdk};
use scheduler_core::domain::{Key, Secret, Source, Tenant, Timestamp};
use scheduler_core::ports::{DataKeys, StoreError};
use scheduler_core::vault::Vault;
use sdk::config::{BehaviorVersion, Credentials, Region};
use serde_json::{Value, json};

const PLAIN: &str = "AQIDBAUGBwgBAgMEBQYHCAECAwQFBgcIAQIDBAUGBwg=";
/// "wrapped", as it goes over the wire.
const WRAPPED: &str = "d3JhcHBlZA==";

fn key(tenant: &str) -> Key {
    Key::new(Source::parse("acculynx").unwrap(), Tenant::parse(tenant).unwrap())
}

/// A KMS that wraps one key, for the tenant `a` alone, or fails with an error of that name.
fn kms(failing: Option<&'static str>) -> Kms {
    let http = infallible_client_fn(move |request: http::Request<SdkBody>| {
        let operation = request.headers()["x-amz-target"].to_str().unwrap().to_owned();
        let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        assert_eq!(asked["KeyId"], "alias/command-center");
        let ours = asked["EncryptionContext"] == json!({ "tenant": "a", "source": "acculynx" });
        let (status, answer) = match (failing, operation.as_str()) {
            (Some(code), _) => (400, json!({ "__type": code })),
            (None, "TrentService.GenerateDataKey") => {
                assert_eq!(asked["KeySpec"], "AES_256");
                (200, json!({ "Plaintext": PLAIN, "CiphertextBlob": WRAPPED }))
            }
            (None, "TrentService.Decrypt") if ours && asked["CiphertextBlob"] == WRAPPED => {
                (200, json!({ "Plaintext": PLAIN }))
            }
            (None, _) => (400, json!({ "__type": "InvalidCiphertextException" })),
        };
        http::Response::builder().status(status).body(SdkBody::from(answer.to_string())).unwrap()
    });
    let config = sdk::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
        .retry_config(sdk::config::retry::RetryConfig::disabled())
        .timeout_config(sdk::config::timeout::TimeoutConfig::disabled())
        .http_client(http);
    Kms::new(sdk::Client::from_conf(config.build()), "alias/command-center")
}

#[test]
fn a_key_is_made_for_a_tenant_and_unwrapped_for_it_alone() {
    let kms = kms(None);

    let made = block_on(kms.fresh(&key("a"))).unwrap();

    assert_eq!(made.wrapped, WRAPPED.trim_end_matches('='));
    assert_eq!(block_on(kms.unwrap(&key("a"), &made.wrapped)).unwrap(), Some(made.plain));
    assert_eq!(block_on(kms.unwrap(&key("b"), &made.wrapped)).unwrap(), None);
    assert_eq!(block_on(kms.unwrap(&key("a"), "b3RoZXI")).unwrap(), None);
    assert_eq!(block_on(kms.unwrap(&key("a"), "not base 64!")).unwrap(), None);
}

#[test]
fn a_service_that_refuses_is_unavailable() {
    for code in ["DisabledException", "AccessDeniedException", "KMSInternalException"] {
        let kms = kms(Some(code));
        let failures = [
            block_on(kms.fresh(&key("a"))).map(drop),
            block_on(kms.unwrap(&key("a"), "d3JhcHBlZA")).map(drop),
        ];

        for failure in failures {
            let told = matches!(&failure, Err(StoreError::Unavailable(why)) if why.contains(code));
            assert!(told, "got {failure:?}");
        }
    }
}

#[test]
fn a_connection_is_sealed_under_the_key_that_kms_made() {
    let vault = Vault::new([7; 32]).with_data_keys(Arc::new(kms(None)));
    let secret = Secret::new("s3cret");

    let sealed = block_on(vault.seal_connection(&key("a"), &secret, None, Timestamp::MIN)).unwrap();
    let open = |tenant| block_on(vault.open_connection(&key(tenant), &sealed)).unwrap();

    assert!(sealed.sealed.starts_with("d3JhcHBlZA.") && !sealed.sealed.contains("s3cret"));
    assert_eq!(open("a").map(|connection| connection.api_key), Some(secret));
    assert_eq!(open("b"), None);
}
