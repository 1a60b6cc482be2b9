//! Files in a directory that several processes share: their names, and writes that are one step. Everything
//! here blocks, but the names.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::random::random_bits;

/// The number of bytes of a text that stand in a name as they are. Longer ones end with a hash.
const LONGEST: usize = 80;
/// The beginning of the names of files that are being written.
const TEMPORARY: &str = ".new-";
/// The age at which a temporary file is one that a crash has left.
const LEFT: Duration = Duration::from_secs(60);

const INVALID: io::ErrorKind = io::ErrorKind::InvalidData;

/// Makes the directory if it is not there, for this user alone. A file in its place is a separate error.
pub(crate) fn ensure_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            let text = format!("{} is there and is no directory", path.display());
            io::Error::new(io::ErrorKind::NotADirectory, text)
        }
        _ => error,
    })
}

/// Replaces a file in one step: readers see the old contents or the new ones.
///
/// Its time is that of this machine's clock, to the nanosecond. By itself a file has that of the file system, which may
/// move in steps of milliseconds or be the clock of another machine.
pub(crate) fn replace(directory: &Path, name: &str, contents: &[u8]) -> io::Result<()> {
    let temporary = directory.join(format!("{TEMPORARY}{:016x}", random_bits()));
    let written = File::create_new(&temporary)
        .and_then(|mut file| {
            file.write_all(contents)?;
            file.set_modified(SystemTime::now())
        })
        .and_then(|()| fs::rename(&temporary, directory.join(name)));
    if written.is_err() {
        let _: io::Result<()> = fs::remove_file(&temporary);
    }
    written
}

/// The contents of a regular file, and its state before it was read.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] for another kind of file, and for one of more than `most` bytes: a pipe would be
/// waited for without an end.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<(Metadata, Vec<u8>)> {
    let data = fs::symlink_metadata(path)?;
    if !data.is_file() {
        return Err(io::Error::new(INVALID, "it is no regular file"));
    }
    let mut contents = Vec::new();
    File::open(path)?
        .take(most + 1)
        .read_to_end(&mut contents)?;
    if contents.len() as u64 > most {
        let text = format!("it has more than {most} bytes");
        return Err(io::Error::new(INVALID, text));
    }
    Ok((data, contents))
}

/// Removes a temporary file that a crash has left, if it is one.
pub(crate) fn clear(directory: &Path, name: &str) {
    let path = directory.join(name);
    let age = fs::metadata(&path).and_then(|data| data.modified());
    let is_left = age.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT));
    if name.starts_with(TEMPORARY) && is_left {
        let _: io::Result<()> = fs::remove_file(path);
    }
}

/// A text as a part of a file's name, also where file systems do not tell capital letters from others:
/// small letters, digits, `-`, `_` and inner dots as they are, other bytes as `%xx`.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => escaped.push(char::from(byte)),
            b'.' if at > 0 => escaped.push('.'),
            _ => escaped.push_str(&format!("%{byte:02x}")),
        }
    }
    if escaped.len() > LONGEST {
        escaped.truncate(LONGEST);
        escaped.push_str(&format!("~{:016x}{:016x}", hash(text, 0), hash(text, 1)));
    }
    escaped
}

/// FNV-1a: the same for each process and each version of Kit.
pub(crate) fn hash(text: &str, seed: u8) -> u64 {
    let bytes = std::iter::once(seed).chain(text.bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
