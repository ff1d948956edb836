//! The file of the key that encrypts upstream keys.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use scheduler_core::vault::MasterKey;

use crate::Failure;

/// Reads the key file in `dir`, or makes one that only its owner can read.
///
/// # Errors
///
/// When the file can not be read or made, or holds no key. A damaged file is never replaced: what it
/// encrypted would be lost.
pub fn in_dir(dir: &Path) -> Result<MasterKey, Failure> {
    let path = dir.join("master.key");
    let wrong = |problem: String| Failure::config(format!("{}: {problem}", path.display()));
    match fs::read_to_string(&path) {
        Ok(text) => MasterKey::parse(&text).map_err(wrong),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = MasterKey::random();
            match write(&key, dir, &path) {
                Ok(()) => Ok(key),
                // Someone else was first.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => in_dir(dir),
                Err(error) => Err(wrong(error.to_string())),
            }
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Writes the whole file or nothing.
fn write(key: &MasterKey, dir: &Path, path: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let draft = dir.join(format!("master.key.{}", std::process::id()));
    let text: String = key.expose().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut file = owner_only().open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    linked
}

fn owner_only() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_file_is_made_once_and_read_by_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("data");

        let made = in_dir(&inner).unwrap();

        assert_eq!(in_dir(&inner).unwrap(), made);
        let names: Vec<_> = fs::read_dir(&inner).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["master.key"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            assert_eq!(fs::metadata(inner.join("master.key")).unwrap().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_damaged_key_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        fs::write(&path, "half a k").unwrap();

        assert!(in_dir(dir.path()).is_err());

        assert_eq!(fs::read_to_string(path).unwrap(), "half a k");
    }
}
