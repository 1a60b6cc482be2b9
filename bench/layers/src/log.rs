//! The subscriber of `tracing`.

use std::io;

use tracing_subscriber::filter::LevelFilter;

/// Writes lines up to this level, as a service does, and throws them away: what the system does with them
/// is not counted.
///
/// There is one in any case. Where none was ever set, tracing asks the crate `log` at each span of the
/// HTTP/2 library, which costs 14 000 instructions a call; a program that cannot set one at all, like
/// those without layers, has neither, because the compiler sees that.
pub(crate) fn install(level: LevelFilter) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::sink)
        .with_ansi(false)
        .init();
}
