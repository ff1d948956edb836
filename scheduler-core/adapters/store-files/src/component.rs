//! A directory that the runtime has opened for the component.
//!
//! These are the interface's own calls: `std::fs` goes by way of a C library, of which some versions refuse
//! hard links and others open files in ways that not every runtime knows.

use std::fmt;
use std::path::Path;

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, ErrorCode, OpenFlags, PathFlags};

pub(crate) struct Directory(Descriptor);

/// Why something could not be done.
#[derive(Debug)]
pub(crate) enum Problem {
    Missing,
    Exists,
    NotOpened(String),
    Other(ErrorCode),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("a file is missing"),
            Self::Exists => f.write_str("there is such a file"),
            Self::NotOpened(path) => write!(f, "the runtime has opened no directory {path}"),
            Self::Other(code) => f.write_str(code.name()),
        }
    }
}

impl From<ErrorCode> for Problem {
    fn from(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NoEntry => Self::Missing,
            ErrorCode::Exist | ErrorCode::NotEmpty => Self::Exists,
            code => Self::Other(code),
        }
    }
}

impl Directory {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let found = get_directories().into_iter().find(|(_, name)| Path::new(name) == path);
        found.map(|(root, _)| Self(root)).ok_or_else(|| Problem::NotOpened(path.display().to_string()))
    }

    pub(crate) fn open_existing(path: &Path) -> Result<Self, Problem> {
        Self::open(path)
    }

    /// At most `len` bytes from `offset` on; none when there is no such file.
    pub(crate) fn read(&self, path: &str, offset: u64, len: usize) -> Result<Option<Vec<u8>>, Problem> {
        let opened = self.0.open_at(PathFlags::empty(), path, OpenFlags::empty(), DescriptorFlags::READ);
        let file = match opened {
            Ok(file) => file,
            Err(ErrorCode::NoEntry) => return Ok(None),
            Err(code) => return Err(code.into()),
        };
        let mut bytes = Vec::new();
        loop {
            let left = (len - bytes.len()) as u64;
            let (more, end) = file.read(left, offset + bytes.len() as u64)?;
            let nothing = more.is_empty();
            bytes.extend(more);
            if end || nothing || bytes.len() >= len {
                return Ok(Some(bytes));
            }
        }
    }

    /// Makes a file that is durable, if not yet its name.
    pub(crate) fn create(&self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        Ok(self.written(path, bytes)?.sync_data()?)
    }

    /// Makes a file that may be lost.
    pub(crate) fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Problem> {
        self.written(path, bytes).map(drop)
    }

    fn written(&self, path: &str, bytes: &[u8]) -> Result<Descriptor, Problem> {
        let how = OpenFlags::CREATE | OpenFlags::EXCLUSIVE;
        let file = self.0.open_at(PathFlags::empty(), path, how, DescriptorFlags::WRITE)?;
        let mut done = 0;
        while done < bytes.len() {
            done += usize::try_from(file.write(&bytes[done..], done as u64)?).unwrap_or(usize::MAX);
        }
        Ok(file)
    }

    pub(crate) fn link(&self, from: &str, to: &str) -> Result<(), Problem> {
        Ok(self.0.link_at(PathFlags::empty(), from, &self.0, to)?)
    }

    pub(crate) fn rename(&self, from: &str, to: &str) -> Result<(), Problem> {
        Ok(self.0.rename_at(from, &self.0, to)?)
    }

    pub(crate) fn remove(&self, path: &str) -> Result<(), Problem> {
        Ok(self.0.unlink_file_at(path)?)
    }

    /// Makes a folder, unless it is there.
    pub(crate) fn make_folder(&self, path: &str) -> Result<(), Problem> {
        match self.0.create_directory_at(path) {
            Err(ErrorCode::Exist) => Ok(()),
            result => Ok(result?),
        }
    }

    pub(crate) fn remove_folder(&self, path: &str) -> Result<(), Problem> {
        Ok(self.0.remove_directory_at(path)?)
    }

    pub(crate) fn list(&self, path: &str) -> Result<Vec<String>, Problem> {
        let entries = self.folder(path)?.read_directory()?;
        let mut names = Vec::new();
        while let Some(entry) = entries.read_directory_entry()? {
            names.push(entry.name);
        }
        Ok(names)
    }

    /// Makes the names in a folder durable, where the runtime can.
    pub(crate) fn sync(&self, path: &str) -> Result<(), Problem> {
        match self.folder(path)?.sync() {
            Err(ErrorCode::Unsupported | ErrorCode::BadDescriptor | ErrorCode::IsDirectory) => Ok(()),
            result => Ok(result?),
        }
    }

    fn folder(&self, path: &str) -> Result<Descriptor, Problem> {
        Ok(self.0.open_at(PathFlags::empty(), path, OpenFlags::DIRECTORY, DescriptorFlags::READ)?)
    }
}
