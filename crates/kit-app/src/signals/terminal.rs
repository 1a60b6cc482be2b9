//! The terminal from which the process was started.

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

/// The controlling terminal that the process had when this was made, if it had one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    had_one: bool,
}

impl Terminal {
    pub(crate) fn now() -> Terminal {
        Terminal {
            had_one: try_open() == Ok(()),
        }
    }

    /// Whether it is gone: hung up, or given up by the session's leader.
    pub(crate) fn is_lost(&self) -> bool {
        self.had_one && matches!(try_open(), Err(Errno::ENXIO | Errno::EIO | Errno::ENODEV))
    }
}

/// Opens the terminal without taking it and without waiting for a line.
fn try_open() -> Result<(), Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    open("/dev/tty", flags, Mode::empty()).map(drop)
}
