//! AWS's own tools, from PyPI, in a virtual environment below the target directory.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What is installed, at versions that are known to work: the linters, the emulator, and a stand-in of KMS.
const PACKAGES: [&str; 2] = ["aws-sam-cli==1.170.0", "moto[server]==5.2.5"];

/// The tools' directory; none where they can not be had, which is said. With `CI=true` that is a failure.
pub fn tools() -> Option<&'static Path> {
    static TOOLS: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match TOOLS.get_or_init(install) {
        Ok(path) => Some(path),
        Err(reason) if std::env::var("CI").is_ok_and(|ci| ci == "true") => {
            panic!("AWS's tools are not there: {reason}")
        }
        Err(reason) => {
            eprintln!("skipped: AWS's tools are not there: {reason}");
            None
        }
    }
}

/// AWS's Runtime Interface Emulator.
pub fn emulator() -> Option<PathBuf> {
    let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let mut versions = fs::read_dir(tools()?.join("lib")).expect("a directory").flatten();
    let packages = versions.find_map(|version| {
        let rapid = version.path().join("site-packages/samcli/local/rapid");
        rapid.is_dir().then_some(rapid)
    });
    Some(packages.expect("samcli").join(format!("aws-lambda-rie-{architecture}")))
}

/// Python, with what is installed.
pub fn python() -> Option<Command> {
    Some(Command::new(tools()?.join("bin/python3")))
}

/// Runs one of the tools in the directory of the host.
pub fn run(name: &str, arguments: &[&str]) -> Option<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let mut command = python()?;
    // The scripts' own first lines do not survive a move of the directory.
    command.arg(tools()?.join("bin").join(name)).args(arguments).current_dir(root.join("host-lambda"));
    command.env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "us-east-1");
    Some(command.output().expect("it starts"))
}

fn install() -> Result<PathBuf, String> {
    let test = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = test.ancestors().nth(3).ok_or("no target directory")?;
    let home = target.join("aws-tools");
    fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    // Tests of several binaries may come here at once.
    let lock = File::create(home.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    let (wanted, marker) = (PACKAGES.join("\n"), home.join("installed"));
    if fs::read_to_string(&marker).ok().as_deref() == Some(&wanted) {
        return Ok(home);
    }
    eprintln!("installing {} into {}", PACKAGES.join(", "), home.display());
    done(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    done(Command::new(home.join("bin/python3")).args(pip).args(PACKAGES))?;
    fs::write(&marker, wanted).map_err(|error| error.to_string())?;
    Ok(home)
}

fn done(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
