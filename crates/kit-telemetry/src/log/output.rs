//! The output of a log.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use super::options::LogOutput;

/// Where the lines go.
pub(super) struct Output {
    pub(super) write: Box<dyn Write + Send>,
    /// The journal of systemd reads them.
    pub(super) is_journal: bool,
}

/// A descriptor of the log's alone: a write that blocks holds no lock of the standard library, on which a
/// panic or a last line of another thread would wait.
pub(super) fn open(output: LogOutput) -> io::Result<Output> {
    let duplicate = match output {
        LogOutput::Stderr => io::stderr().as_fd().try_clone_to_owned(),
        LogOutput::Stdout => io::stdout().as_fd().try_clone_to_owned(),
    };
    let file = File::from(duplicate?);
    let is_journal = is_journal(&file, env::var("JOURNAL_STREAM").ok().as_deref());
    Ok(Output {
        write: Box::new(file),
        is_journal,
    })
}

/// Whether the file is the one that systemd has named as a stream to its journal, by device and inode. The
/// variable alone says nothing: it is inherited, and outputs are redirected.
fn is_journal(file: &File, stream: Option<&str>) -> bool {
    let named = stream.and_then(|stream| {
        let (device, inode) = stream.split_once(':')?;
        Some((device.parse().ok()?, inode.parse().ok()?))
    });
    let itself = file.metadata().map(|of| (of.dev(), of.ino()));
    itself.is_ok_and(|itself| named == Some(itself))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_known_by_device_and_inode() {
        let file = tempfile::tempfile().unwrap();
        let of = file.metadata().unwrap();
        let (device, inode) = (of.dev(), of.ino());
        assert!(is_journal(&file, Some(&format!("{device}:{inode}"))));
        let other = format!("{device}:{}", inode + 1);
        for stream in [None, Some(""), Some("8"), Some("a:b"), Some(&*other)] {
            assert!(!is_journal(&file, stream), "{stream:?}");
        }
    }
}
