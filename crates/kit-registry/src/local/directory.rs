//! The directory: writes that are one step for all processes. Everything here blocks.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use super::entry::FileEntry;
use crate::{Error, files};

/// The file on which the lock is.
const LOCK: &str = ".lock";
/// The longest wait for the lock. A change takes a millisecond; a process that was frozen amid one holds
/// the lock until it goes on or ends.
const LOCK_LIMIT: Duration = Duration::from_secs(3);
const LOCK_PAUSE: Duration = Duration::from_millis(5);
/// The bytes of a file. An entry of the largest instance has less than a tenth of them.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// A directory with one file for each instance.
pub(super) struct Directory {
    path: PathBuf,
    description: String,
}

/// The lock on a directory, until it is dropped or the process ends.
pub(super) struct DirectoryLock {
    _file: File,
}

/// A file as it is now.
pub(super) struct FoundFile {
    pub(super) entry: FileEntry,
    pub(super) touched: SystemTime,
}

impl Directory {
    pub(super) fn new(path: PathBuf) -> Directory {
        let description = format!("local at {}", path.display());
        Directory { path, description }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// For errors and remarks.
    pub(super) fn description(&self) -> &str {
        &self.description
    }

    /// Makes the directory if it is not there, for this user alone.
    pub(super) fn ensure(&self) -> io::Result<()> {
        files::ensure_directory(&self.path)
    }

    /// Whether there is nothing at its path. `false` also where that is not known.
    pub(super) fn is_gone(&self) -> bool {
        let found = fs::metadata(&self.path);
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Waits for the lock, for a few seconds.
    pub(super) fn lock(&self) -> io::Result<DirectoryLock> {
        let mut waited = Duration::ZERO;
        loop {
            if let Some(lock) = self.try_lock()? {
                return Ok(lock);
            }
            if waited >= LOCK_LIMIT {
                let path = self.path.join(LOCK);
                let text = format!("{} is locked by another process", path.display());
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            sleep(LOCK_PAUSE);
            waited += LOCK_PAUSE;
        }
    }

    /// The lock; `None` while another process, or another view of this one, has it.
    pub(super) fn try_lock(&self) -> io::Result<Option<DirectoryLock>> {
        let path = self.path.join(LOCK);
        if fs::metadata(&path).is_ok_and(|data| !data.is_file()) {
            // To open a pipe has no limit.
            let text = format!("{} has to be a file", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        // NFS takes a lock of a file that is open for writing alone. Another user's may be read, and that is enough
        // elsewhere.
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let file = options
            .open(&path)
            .or_else(|error| File::open(&path).map_err(|_| error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(DirectoryLock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The entry in a file. `None` without the file, and for contents that are no entry, which may be
    /// replaced.
    pub(super) fn find(&self, name: &str) -> io::Result<Option<FoundFile>> {
        match self.read(name) {
            Ok((data, json)) => {
                let touched = data.modified()?;
                let entry = FileEntry::from_json(&json).ok();
                Ok(entry.map(|entry| FoundFile { entry, touched }))
            }
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::InvalidData => Ok(None),
                _ => Err(error),
            },
        }
    }

    /// The contents of a file, and its state before it was read.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for what cannot be an entry, such as a pipe.
    pub(super) fn read(&self, name: &str) -> io::Result<(Metadata, Vec<u8>)> {
        files::read(&self.path.join(name), MOST_BYTES)
    }

    /// Replaces a file in one step: readers see the old contents or the new ones.
    pub(super) fn replace(&self, name: &str, contents: &[u8]) -> io::Result<()> {
        files::replace(&self.path, name, contents)
    }

    /// Marks a file as alive now.
    pub(super) fn touch(&self, name: &str) -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(self.path.join(name))?;
        file.set_modified(SystemTime::now())
    }

    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    /// Removes a temporary file that a crash has left, if it is one.
    pub(super) fn clear(&self, name: &str) {
        files::clear(&self.path, name);
    }

    /// An error of this directory: a refusal where a person has to act, else it is unreachable.
    pub(super) fn error(&self, attempt: &str, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory => Error::refused(attempt, &self.description, error),
            _ => Error::unreachable(attempt, &self.description, error),
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Whether this process has a file open for reading and writing, by the flags of its descriptor.
    fn is_open_for_both(path: &Path) -> bool {
        for descriptor in fs::read_dir("/proc/self/fd").unwrap().flatten() {
            if fs::read_link(descriptor.path()).is_ok_and(|target| target == path) {
                let info = Path::new("/proc/self/fdinfo").join(descriptor.file_name());
                let info = fs::read_to_string(info).unwrap();
                let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
                // In octal; O_RDWR is 2, of the two lowest bits.
                return flags.unwrap().trim().ends_with('2');
            }
        }
        panic!("{} is not open", path.display());
    }

    #[test]
    fn the_lock_is_on_a_file_that_is_open_for_writing() {
        let folder = tempfile::tempdir().unwrap();
        let directory = Directory::new(folder.path().canonicalize().unwrap());
        for made in ["now", "before"] {
            let _lock = directory.lock().unwrap();
            assert!(is_open_for_both(&directory.path.join(LOCK)), "made {made}");
        }
    }
}
