//! A stand-in of KMS, from PyPI: it makes and wraps keys, and minds their encryption context.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use dynamodb_local::OnRuntime;
use keys_kms::sdk::config::{BehaviorVersion, Credentials, Region};
use keys_kms::sdk::{Client, Config};

use super::tools;

/// Serves on a free port of loopback until its input is closed; says the port and the address of a key.
const SERVER: &str = r#"
import logging, sys
import boto3
from moto.server import ThreadedMotoServer
logging.disable()
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
kms = boto3.client("kms", "us-east-1", endpoint_url=f"http://127.0.0.1:{port}",
                   aws_access_key_id="local", aws_secret_access_key="local")
print(port, kms.create_key()["KeyMetadata"]["Arn"], flush=True)
sys.stdin.read()
"#;

/// A key service with one key. It ends with this value, or with this process.
pub struct KeyService {
    endpoint: String,
    key: String,
    child: Child,
}

impl KeyService {
    /// Starts one; none where it can not be had.
    pub fn start() -> Option<Self> {
        let mut child = tools::python()?
            .args(["-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Python starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let (port, key) = line.trim().split_once(' ').expect("the key service starts");
        Some(Self { endpoint: format!("http://127.0.0.1:{port}"), key: key.to_owned(), child })
    }

    /// Its address.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The address of its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("local", "local", None, None, "test"))
            .endpoint_url(&self.endpoint)
            .http_client(OnRuntime::http());
        Client::from_conf(config.build())
    }
}

impl Drop for KeyService {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}
