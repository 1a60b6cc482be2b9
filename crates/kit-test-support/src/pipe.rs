//! A pipe that blocks its writer.

use std::io::{PipeReader, PipeWriter, Write};

use rustix::fs::{OFlags, fcntl_setfl};

/// A pipe that is full to the last byte: every write blocks until the reader reads. As the standard
/// error of a program, it stands for a log without a reader; the reader is to be kept, as a write
/// fails once it is dropped.
///
/// # Panics
/// When the system gives no pipe.
#[must_use]
pub fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    fcntl_setfl(&writer, OFlags::NONBLOCK).expect("a pipe can be non-blocking");
    // Blocks of a page first, and then what is left of the last one.
    for block in [&[b'-'; 4096][..], b"-"] {
        while writer.write(block).is_ok() {}
    }
    fcntl_setfl(&writer, OFlags::empty()).expect("a pipe can be blocking");
    (reader, writer)
}
