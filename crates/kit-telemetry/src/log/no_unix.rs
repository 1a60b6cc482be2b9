//! The output of a log.

use std::io::{self, Write};

use super::options::LogOutput;

/// Where the lines go.
pub(super) struct Output {
    pub(super) write: Box<dyn Write + Send>,
    /// The journal of systemd reads them.
    pub(super) is_journal: bool,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the interface of the module with descriptors"
)]
pub(super) fn open(output: LogOutput) -> io::Result<Output> {
    let write: Box<dyn Write + Send> = match output {
        LogOutput::Stderr => Box::new(io::stderr()),
        LogOutput::Stdout => Box::new(io::stdout()),
    };
    Ok(Output {
        write,
        is_journal: false,
    })
}
