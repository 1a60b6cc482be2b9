//! Where the log goes.

use std::io;

/// Has the standard error output thrown away by the system: writing is measured, a disk is not.
///
/// # Errors
///
/// The system does not let it be replaced.
#[cfg(unix)]
pub(crate) fn throw_log_away() -> io::Result<()> {
    let nothing = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stderr(nothing)?;
    Ok(())
}

/// It stays where it is.
///
/// # Errors
///
/// None.
#[cfg(not(unix))]
pub(crate) fn throw_log_away() -> io::Result<()> {
    Ok(())
}
