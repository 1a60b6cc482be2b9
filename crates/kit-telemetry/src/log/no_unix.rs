//! The output of a log.

use std::io::{self, Write};

use super::options::LogOutput;

#[expect(
    clippy::unnecessary_wraps,
    reason = "the interface of the module with descriptors"
)]
pub(super) fn open(output: LogOutput) -> io::Result<Box<dyn Write + Send>> {
    Ok(match output {
        LogOutput::Stderr => Box::new(io::stderr()),
        LogOutput::Stdout => Box::new(io::stdout()),
    })
}
