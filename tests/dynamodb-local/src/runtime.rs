//! A runtime beside the tests: they may run on any executor, while the SDK's client wants tokio.

use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use store_dynamodb::sdk::config::{AsyncSleep, SharedAsyncSleep, Sleep};
use tokio::runtime::{Builder, Runtime};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime can be made")
});

/// Runs something on the runtime, and waits for it.
pub fn on_runtime<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    RUNTIME.spawn(async move { sender.send(work.await) });
    receiver.recv().expect("what runs on the runtime does not panic")
}

/// Does on the runtime what is asked for elsewhere.
#[derive(Debug, Clone)]
pub struct OnRuntime<T>(T);

impl OnRuntime<SharedHttpClient> {
    /// Sends requests, over HTTP without TLS.
    pub fn http() -> Self {
        Self(aws_smithy_http_client::Builder::new().build_http())
    }
}

impl OnRuntime<()> {
    /// Sleeps.
    pub fn sleep() -> SharedAsyncSleep {
        SharedAsyncSleep::new(Self(()))
    }
}

impl AsyncSleep for OnRuntime<()> {
    fn sleep(&self, duration: Duration) -> Sleep {
        let slept = RUNTIME.spawn(async move { tokio::time::sleep(duration).await });
        Sleep::new(async move { drop(slept.await) })
    }
}

/// Sleeps no time at all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hasty;

impl AsyncSleep for Hasty {
    fn sleep(&self, _: Duration) -> Sleep {
        Sleep::new(std::future::ready(()))
    }
}

impl HttpClient for OnRuntime<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(OnRuntime(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for OnRuntime<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.0.clone();
        let sent = RUNTIME.spawn(async move { connector.call(request).await });
        HttpConnectorFuture::new(async move {
            sent.await.unwrap_or_else(|panic| Err(ConnectorError::other(panic.into(), None)))
        })
    }
}
