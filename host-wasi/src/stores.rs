//! Opens the store that the settings name.

use std::path::Path;
use std::sync::Arc;

use scheduler_core::ports::Store;
use store_files::Files;

use crate::settings::Settings;

/// Opens the table that the settings name, or else the directory; `get` gives the value of a variable.
pub(crate) fn open(
    settings: &Settings,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Arc<dyn Store>, String> {
    match &settings.table {
        Some(table) => dynamodb::open(settings, table, get),
        None => {
            let files = Files::open(Path::new(&settings.data_dir)).map_err(|error| error.to_string())?;
            Ok(Arc::new(files))
        }
    }
}

#[cfg(feature = "dynamodb")]
mod dynamodb {
    use std::sync::Arc;
    use std::time::Duration;

    use aws_smithy_wasm::wasi::WasiHttpClientBuilder;
    use scheduler_core::ports::Store;
    use store_dynamodb::sdk::Client;
    use store_dynamodb::sdk::config::{AsyncSleep, Sleep};
    use store_dynamodb::{DynamoDb, Environment, Options};

    use crate::clock::wait;
    use crate::settings::Settings;

    /// The table; it is reached for later.
    pub(super) fn open(
        settings: &Settings,
        table: &str,
        get: impl Fn(&str) -> Option<String>,
    ) -> Result<Arc<dyn Store>, String> {
        let environment = Environment::read(get).map_err(|error| error.to_string())?;
        let http = WasiHttpClientBuilder::new().build();
        let config = store_dynamodb::configuration(environment).http_client(http).sleep_impl(RuntimeSleep);
        let retention = Duration::from_secs(24 * 3600) * settings.retention_days;
        let options = Options { retention, ..Options::of(table) };
        Ok(Arc::new(DynamoDb::new(Client::from_conf(config.build()), options)))
    }

    /// Sleeps by the runtime's clock.
    #[derive(Debug, Clone)]
    struct RuntimeSleep;

    impl AsyncSleep for RuntimeSleep {
        fn sleep(&self, duration: Duration) -> Sleep {
            Sleep::new(wait(duration))
        }
    }
}

#[cfg(not(feature = "dynamodb"))]
mod dynamodb {
    use std::sync::Arc;

    use scheduler_core::ports::Store;

    use crate::settings::Settings;

    pub(super) fn open(
        _settings: &Settings,
        _table: &str,
        _get: impl Fn(&str) -> Option<String>,
    ) -> Result<Arc<dyn Store>, String> {
        Err("COMMAND_CENTER_TABLE: this component was built without `dynamodb`".into())
    }
}
