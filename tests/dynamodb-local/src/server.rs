//! One server for all tests of a process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use store_dynamodb::sdk::Client;
use store_dynamodb::sdk::config::timeout::TimeoutConfig;
use store_dynamodb::sdk::config::{Builder, Credentials};
use store_dynamodb::{DynamoDb, Environment, Options, configuration, create_table};

use crate::faults::{Call, Fault, Faulty};
use crate::install;
use crate::runtime::{Hasty, OnRuntime, on_runtime};

/// DynamoDB Local, in memory, for as long as this process lives.
pub struct Local {
    endpoint: String,
    /// The server ends when this is closed, and that is when the process ends, however it does.
    _stdin: ChildStdin,
}

impl Local {
    /// The server of this process, started when it is first asked for.
    ///
    /// None where there is no Java or no npm: the caller's tests are skipped, which is said on stderr.
    ///
    /// # Panics
    ///
    /// With `CI=true`, instead of skipping.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<Local, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(local) => Some(local),
            Err(reason) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
                panic!("DynamoDB Local is not there: {reason}")
            }
            Err(reason) => {
                eprintln!("skipped: DynamoDB Local is not there: {reason}");
                None
            }
        }
    }

    fn start() -> Result<Self, String> {
        let directory = install::directory()?;
        let launcher = directory.join("Loopback.java");
        fs::write(&launcher, include_str!("Loopback.java")).map_err(|error| error.to_string())?;
        let mut library_path = std::ffi::OsString::from("-Djava.library.path=");
        library_path.push(directory.join("DynamoDBLocal_lib"));
        let mut java = Command::new("java")
            .arg("-Xmx512m")
            .arg(library_path)
            .arg("-cp")
            .arg(install::class_path(&directory))
            .arg(&launcher)
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("java can not be started: {error}"))?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (java.stdin.take(), java.stdout.take(), java.stderr.take())
        else {
            return Err("java has no pipes".to_owned());
        };
        // Both are read to their ends, lest the server waits for someone to read.
        let complaints = std::thread::spawn(move || std::io::read_to_string(stderr).unwrap_or_default());
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let port = lines.find_map(|line| line.strip_prefix("port=")?.parse::<u16>().ok());
        let Some(port) = port else {
            return Err(format!("it did not start: {}", complaints.join().unwrap_or_default()));
        };
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Self { endpoint: format!("http://127.0.0.1:{port}"), _stdin: stdin })
    }

    /// Its address, such as `http://127.0.0.1:40123`: what `AWS_ENDPOINT_URL` is set to.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// How a program reaches it, by its environment.
    pub fn variables(&self) -> [(&'static str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ]
    }

    /// A configuration that reaches it from any thread, with a runtime or without.
    pub fn configuration(&self) -> Builder {
        let credentials = Credentials::new("local", "local", None, None, "test");
        let endpoint = Some(self.endpoint.clone());
        let environment = Environment { region: "us-east-1".to_owned(), endpoint, credentials };
        let known = configuration(environment).http_client(OnRuntime::http()).sleep_impl(OnRuntime::sleep());
        // A machine may be as slow as it likes.
        known.timeout_config(TimeoutConfig::disabled())
    }

    /// A client whose requests meet what `judge` decides, and that waits for nothing.
    pub fn faulty(&self, judge: impl Fn(&Call<'_>) -> Fault + Send + Sync + 'static) -> Client {
        let http = Faulty::new(SharedHttpClient::new(OnRuntime::http()), judge);
        Client::from_conf(self.configuration().http_client(http).sleep_impl(Hasty).build())
    }

    /// A client that reaches it from any thread, with a runtime or without.
    pub fn client(&self) -> Client {
        Client::from_conf(self.configuration().build())
    }

    /// Makes a table that nobody else uses, and gives its name.
    pub fn table(&self) -> String {
        static TABLES: AtomicU32 = AtomicU32::new(0);
        let number = TABLES.fetch_add(1, Ordering::Relaxed);
        let (name, client) = (format!("command-center-{}-{number}", std::process::id()), self.client());
        let table = name.clone();
        on_runtime(async move { create_table(&client, &table).await }).expect("a table can be made");
        name
    }

    /// A store over a table of its own.
    pub fn store(&self) -> DynamoDb {
        DynamoDb::new(self.client(), Options::of(self.table()))
    }
}
