//! The request that the app stops for.

use kit_sync::{Cause, Deadline};
use tokio::time::Instant;

use crate::Event;

/// The request that the app stops for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) cause: Cause,
    pub(crate) at: Instant,
    /// The same instant, moved by the time in which the process stands still from then on. Made with
    /// the request: the process may stand still before the stop begins on another thread.
    pub(crate) since: Deadline,
    /// The app stops because something failed, not because a stop was wanted.
    pub(crate) failed: bool,
}

impl Asked {
    pub(super) fn event(&self) -> Event {
        Event::StopAsked {
            cause: self.cause.clone(),
            failed: self.failed,
        }
    }
}
