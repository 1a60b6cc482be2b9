//! The output of a log.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use super::options::LogOutput;

/// A descriptor of the log's alone: a write that blocks holds no lock of the standard library, on which a
/// panic or a last line of another thread would wait.
pub(super) fn open(output: LogOutput) -> io::Result<Box<dyn Write + Send>> {
    let duplicate = match output {
        LogOutput::Stderr => io::stderr().as_fd().try_clone_to_owned(),
        LogOutput::Stdout => io::stdout().as_fd().try_clone_to_owned(),
    };
    Ok(Box::new(File::from(duplicate?)))
}
