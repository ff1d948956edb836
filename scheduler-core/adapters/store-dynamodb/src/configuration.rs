//! How to reach DynamoDB.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, StalledStreamProtectionConfig,
};

/// How often a request is sent before its failure is believed.
const ATTEMPTS: u32 = 6;
/// The first wait before a request is sent again; each later one is twice as long, up to [`LONGEST`].
const FIRST_WAIT: Duration = Duration::from_millis(40);
const LONGEST: Duration = Duration::from_secs(2);
/// How long one attempt, and all of them together, may take.
const ATTEMPT: Duration = Duration::from_secs(3);
const OPERATION: Duration = Duration::from_secs(15);
const CONNECT: Duration = Duration::from_secs(2);

/// Something that has to be known to reach DynamoDB, and is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set")]
pub struct Incomplete(pub &'static str);

/// Where DynamoDB is and who asks, as the environment of a Lambda function says it.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The region: `AWS_REGION`, or `AWS_DEFAULT_REGION`.
    pub region: String,
    /// Another address than the region's own: `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub endpoint: Option<String>,
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`.
    pub credentials: Credentials,
}

impl Environment {
    /// Reads the variables by `variable`, such as `|name| std::env::var(name).ok()`.
    ///
    /// # Errors
    ///
    /// [`Incomplete`] names a variable that is missing.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Incomplete> {
        let known = |name: &str| variable(name).filter(|value| !value.is_empty());
        let either = |one: &str, other: &str| known(one).or_else(|| known(other));
        let needed = |name: &'static str| known(name).ok_or(Incomplete(name));
        Ok(Self {
            region: either("AWS_REGION", "AWS_DEFAULT_REGION").ok_or(Incomplete("AWS_REGION"))?,
            endpoint: either("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"),
            credentials: Credentials::new(
                needed("AWS_ACCESS_KEY_ID")?,
                needed("AWS_SECRET_ACCESS_KEY")?,
                known("AWS_SESSION_TOKEN"),
                None,
                "environment",
            ),
        })
    }
}

/// A configuration for the SDK's client, to be completed: with the features `https` and `rt-tokio` it
/// needs nothing more; without them it needs an HTTP client and a sleep of the caller's.
pub fn configuration(environment: Environment) -> Builder {
    let Environment { region, endpoint, credentials } = environment;
    let retry = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_WAIT)
        .with_max_backoff(LONGEST);
    let patience = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build();
    let mut builder = Config::builder();
    builder.set_endpoint_url(endpoint);
    let builder = builder
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region))
        .credentials_provider(credentials)
        .retry_config(retry)
        .timeout_config(patience)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    #[cfg(feature = "https")]
    let builder = {
        use aws_smithy_http_client::tls;
        let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
        builder.http_client(aws_smithy_http_client::Builder::new().tls_provider(provider).build_https())
    };
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lambda(name: &str) -> Option<String> {
        let value = match name {
            "AWS_REGION" => "eu-central-1",
            "AWS_ACCESS_KEY_ID" => "id",
            "AWS_SECRET_ACCESS_KEY" => "secret",
            "AWS_SESSION_TOKEN" => "session",
            "AWS_ENDPOINT_URL" => "",
            _ => return None,
        };
        Some(value.to_owned())
    }

    #[test]
    fn the_environment_of_a_function_says_all_that_is_needed() {
        let known = Environment::read(lambda).unwrap();

        assert_eq!((known.region.as_str(), known.endpoint), ("eu-central-1", None));
        assert_eq!(known.credentials.session_token(), Some("session"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for missing in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            let known = Environment::read(|name| lambda(name).filter(|_| name != missing));

            assert_eq!(known.map(drop), Err(Incomplete(missing)));
        }
    }
}
