//! The bounds of the settings of a place to listen at.

use std::path::Path;
use std::time::Duration;

use kit_units::{WrongOption, format_duration};

/// The range that Linux takes, in whole seconds.
const SHORTEST_KEEP_ALIVE: Duration = Duration::from_secs(1);
const LONGEST_KEEP_ALIVE: Duration = Duration::from_secs(32_767);

/// Refuses a time that Linux does not take.
pub(super) fn refuse_keep_alive(every: Duration) -> Option<WrongOption> {
    if (SHORTEST_KEEP_ALIVE..=LONGEST_KEEP_ALIVE).contains(&every) {
        return None;
    }
    let [least, most] = [SHORTEST_KEEP_ALIVE, LONGEST_KEEP_ALIVE].map(format_duration);
    let expected = format!("from {least} to {most}, or \"off\"");
    Some(WrongOption::new(
        "keep_alive",
        format_duration(every),
        expected,
    ))
}

/// Refuses a path that is no address of a socket: one that is too long, or holds a NUL.
#[cfg(unix)]
pub(super) fn refuse_path(path: &Path) -> Option<WrongOption> {
    let error = std::os::unix::net::SocketAddr::from_pathname(path).err()?;
    let expected = format!("a path that a socket can have: {error}");
    Some(refused(path, expected))
}

/// Refuses every path.
#[cfg(not(unix))]
pub(super) fn refuse_path(path: &Path) -> Option<WrongOption> {
    let expected = "an address of IP: there are no Unix sockets on this system";
    Some(refused(path, expected.to_owned()))
}

fn refused(path: &Path, expected: String) -> WrongOption {
    WrongOption::new("", format!("\"unix:{}\"", path.display()), expected)
}
