//! The key that encrypts upstream keys.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::Failure;

/// Thirty-two secret bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

impl MasterKey {
    /// Reads 64 hexadecimal digits, or base 64 of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let bytes = if text.len() == 64 {
            (0..64).step_by(2).map(|at| text.get(at..at + 2).and_then(hex_byte)).collect()
        } else {
            STANDARD.decode(text).or_else(|_| URL_SAFE_NO_PAD.decode(text)).ok()
        };
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| "expected 64 hexadecimal digits, or base 64 of 32 bytes".into())
    }

    /// Reads the key file in `dir`, or makes one that only its owner can read.
    ///
    /// # Errors
    ///
    /// When the file can not be read or made, or holds no key. A damaged file is never replaced: what it
    /// encrypted would be lost.
    pub fn in_dir(dir: &Path) -> Result<Self, Failure> {
        let path = dir.join("master.key");
        let wrong = |problem: String| Failure::config(format!("{}: {problem}", path.display()));
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text).map_err(wrong),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::random().map_err(|error| wrong(error.to_string()))?;
                match key.write(dir, &path) {
                    Ok(()) => Ok(key),
                    // Someone else was first.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::in_dir(dir),
                    Err(error) => Err(wrong(error.to_string())),
                }
            }
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    /// Makes a key that dies with the process.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness to give.
    pub fn random() -> io::Result<Self> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(bytes))
    }

    /// Gives the bytes out, to the one cipher that needs them.
    pub fn expose(&self) -> [u8; 32] {
        self.0
    }

    /// Writes the whole file or nothing.
    fn write(&self, dir: &Path, path: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)?;
        let draft = dir.join(format!("master.key.{}", std::process::id()));
        let text: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut file = owner_only().open(&draft)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        linked
    }
}

fn owner_only() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn hex_byte(digits: &str) -> Option<u8> {
    let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hexadecimal.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_hex_and_from_base_64() {
        let key = MasterKey([0xab; 32]);

        for text in ["ab".repeat(32), "AB".repeat(32) + "\n", STANDARD.encode([0xab; 32])] {
            assert_eq!(MasterKey::parse(&text), Ok(key.clone()), "{text}");
        }
        for text in ["", "ab", &"+a".repeat(32), &"é".repeat(32), &STANDARD.encode([1; 31])] {
            assert!(MasterKey::parse(text).is_err(), "{text}");
        }
        assert_eq!(format!("{key:?}"), "MasterKey(…)");
    }

    #[test]
    fn the_key_file_is_made_once_and_read_by_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("data");

        let made = MasterKey::in_dir(&inner).unwrap();

        assert_eq!(MasterKey::in_dir(&inner).unwrap(), made);
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

        assert!(MasterKey::in_dir(dir.path()).is_err());

        assert_eq!(fs::read_to_string(path).unwrap(), "half a k");
    }
}
