//! Whether an HTTP/1.1 response is the last of its connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use crate::exchange::lame_duck::LameDuck;

/// What makes an HTTP/1.1 response close its connection: the connection is old, or the server is a
/// lame duck and this connection's turn on the ramp has come.
#[derive(Debug)]
pub(crate) struct LastResponse {
    old: AtomicBool,
    lame_duck: Arc<OnceLock<LameDuck>>,
    /// The connection's place on the ramp, from 0 to 1.
    place: f32,
}

impl LastResponse {
    pub(crate) fn new(lame_duck: Arc<OnceLock<LameDuck>>, place: f32) -> LastResponse {
        LastResponse {
            old: AtomicBool::new(false),
            lame_duck,
            place,
        }
    }

    pub(crate) fn place(&self) -> f32 {
        self.place
    }

    /// The connection's next response is its last.
    pub(crate) fn mark_old(&self) {
        self.old.store(true, Ordering::Relaxed);
    }

    /// Whether a response that is given now closes the connection.
    pub(crate) fn is_due(&self) -> bool {
        let lame_duck = self.lame_duck.get();
        self.old.load(Ordering::Relaxed)
            || lame_duck.is_some_and(|duck| duck.closes(self.place, Instant::now()))
    }
}
