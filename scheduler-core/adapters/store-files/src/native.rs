//! A directory of the operating system.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

pub(crate) struct Directory(PathBuf);

/// Why something could not be done.
#[derive(Debug)]
pub(crate) enum Problem {
    Missing,
    Exists,
    Other(io::Error),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("a file is missing"),
            Self::Exists => f.write_str("there is such a file"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Missing,
            ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty => Self::Exists,
            _ => Self::Other(error),
        }
    }
}

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        fs::create_dir_all(path)?;
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn open_existing(path: &Path) -> Result<Self, Problem> {
        Ok(fs::metadata(path).map(|_| Self(path.to_owned()))?)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// At most `len` bytes from `offset` on; none when there is no such file.
    pub(crate) fn read(&self, path: &str, offset: u64, len: usize) -> Result<Option<Vec<u8>>, Problem> {
        let mut file = match File::open(self.at(path)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut bytes = Vec::with_capacity(len);
        file.seek(SeekFrom::Start(offset))?;
        file.take(len as u64).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Makes a file that is durable, if not yet its name.
    pub(crate) fn create(&self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        Ok(self.written(path, bytes)?.sync_data()?)
    }

    /// Makes a file that may be lost.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        self.written(path, bytes).map(drop)
    }

    fn written(&self, path: &str, bytes: &[u8]) -> Result<File, Problem> {
        let mut file = OpenOptions::new().write(true).create_new(true).open(self.at(path))?;
        file.write_all(bytes)?;
        Ok(file)
    }

    pub(crate) fn link(&self, from: &str, to: &str) -> Result<(), Problem> {
        Ok(fs::hard_link(self.at(from), self.at(to))?)
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), Problem> {
        Ok(fs::rename(self.at(from), self.at(to))?)
    }

    pub(crate) fn remove(&self, path: &str) -> Result<(), Problem> {
        Ok(fs::remove_file(self.at(path))?)
    }

    /// Makes a folder, unless it is there.
    pub(crate) fn make_folder(&self, path: &str) -> Result<(), Problem> {
        match fs::create_dir(self.at(path)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            result => Ok(result?),
        }
    }

    pub(crate) fn remove_folder(&self, path: &str) -> Result<(), Problem> {
        Ok(fs::remove_dir(self.at(path))?)
    }

    pub(crate) fn list(&self, path: &str) -> Result<Vec<String>, Problem> {
        let entries = fs::read_dir(self.at(path))?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// Makes the names in a folder durable.
    pub(crate) fn sync(&self, path: &str) -> Result<(), Problem> {
        Ok(File::open(self.at(path))?.sync_all()?)
    }
}
