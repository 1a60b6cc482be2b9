//! A signal's number and its name.

#[cfg(feature = "schema")]
mod schema;
#[cfg(feature = "serde")]
mod written;

use std::fmt;

/// No system numbers its signals higher.
const LARGEST: i32 = 128;

/// A signal of the operating system, by its number.
///
/// ```
/// use kit_app::Signal;
///
/// assert_eq!(Signal::TERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::from(15), Signal::TERM);
/// assert_eq!(Signal::from(1000).to_string(), "signal 1000");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(i32);

impl Signal {
    /// SIGHUP: the terminal is gone, or a configuration is to be read again.
    pub const HUP: Signal = Signal(1);
    /// SIGINT: Ctrl-C.
    pub const INT: Signal = Signal(2);
    /// SIGQUIT: Ctrl-\\.
    pub const QUIT: Signal = Signal(3);
    /// SIGTERM: how platforms ask for a stop.
    pub const TERM: Signal = Signal(15);
    /// SIGUSR1.
    #[cfg(unix)]
    pub const USR1: Signal = Signal(signal_hook::consts::SIGUSR1);
    /// SIGUSR2.
    #[cfg(unix)]
    pub const USR2: Signal = Signal(signal_hook::consts::SIGUSR2);

    /// Its number on this system.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// Its name, such as `SIGTERM`; `None` when this system has no signal of that number with a
    /// name (the real-time signals have none).
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        signal_hook::low_level::signal_name(self.0)
    }

    /// The signal of this name on this system, such as `SIGTERM` or `TERM`, in capital letters.
    ///
    /// ```
    /// use kit_app::Signal;
    ///
    /// assert_eq!(Signal::named("TERM"), Some(Signal::TERM));
    /// assert_eq!(Signal::named("sigterm"), None);
    /// ```
    #[must_use]
    pub fn named(name: &str) -> Option<Signal> {
        let short = name.strip_prefix("SIG").unwrap_or(name);
        let mut all = (1..=LARGEST).map(Signal);
        all.find(|signal| signal.name().and_then(|name| name.strip_prefix("SIG")) == Some(short))
    }

    /// What a process exits with that this signal has ended by force: 128 and its number.
    pub(crate) const fn exit_code(self) -> i32 {
        128 + self.0
    }
}

impl From<i32> for Signal {
    fn from(number: i32) -> Signal {
        Signal(number)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
