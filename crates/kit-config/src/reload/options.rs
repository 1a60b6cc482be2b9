//! How files are watched.

use std::time::Duration;

/// How the files of settings are watched.
///
/// ```
/// use std::time::Duration;
///
/// use kit_config::ReloadOptions;
///
/// let options = ReloadOptions::new().quiet(Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until they are given to a reloader"]
pub struct ReloadOptions {
    pub(super) watch: bool,
    pub(super) quiet: Duration,
    pub(super) longest: Duration,
    pub(super) poll: Duration,
    pub(super) polls_only: bool,
}

impl ReloadOptions {
    /// The defaults: files are watched, 250 ms of quiet, 2 s at most, every 5 s where they have to be polled.
    pub fn new() -> ReloadOptions {
        ReloadOptions {
            watch: true,
            quiet: Duration::from_millis(250),
            longest: Duration::from_secs(2),
            poll: Duration::from_secs(5),
            polls_only: false,
        }
    }

    /// Leaves files alone: settings are loaded anew by a signal or by request only.
    pub fn without_watching(self) -> ReloadOptions {
        ReloadOptions {
            watch: false,
            ..self
        }
    }

    /// Replaces how long nothing has to change before files are read. Default: 250 ms. A file that is wrong then is
    /// read once more after the same time, before it is reported, as it may have been half-written.
    pub fn quiet(self, quiet: Duration) -> ReloadOptions {
        ReloadOptions { quiet, ..self }
    }

    /// Replaces how long files that keep changing are waited for at most. Default: 2 s.
    pub fn at_most(self, longest: Duration) -> ReloadOptions {
        ReloadOptions { longest, ..self }
    }

    /// Replaces how often files are compared where the system gives no notice of changes, because it has no
    /// watches left. Default: 5 s; at least 10 ms.
    pub fn poll(self, every: Duration) -> ReloadOptions {
        ReloadOptions {
            poll: every,
            ..self
        }
    }

    /// Compares files every so often and asks the system for no notice: for network file systems, on which a
    /// change that is made elsewhere gives none.
    pub fn poll_only(self, every: Duration) -> ReloadOptions {
        ReloadOptions {
            poll: every,
            polls_only: true,
            ..self
        }
    }
}

impl Default for ReloadOptions {
    fn default() -> ReloadOptions {
        ReloadOptions::new()
    }
}
