//! How far the run of an app has come.

use std::sync::{Mutex, OnceLock};

use kit_sync::{Deadline, Gate, Latch};
use kit_transport::Stage;
use tokio::sync::watch;
use tokio::time::Instant;

/// Written by the run alone.
pub(super) struct Progress {
    /// When the run began.
    pub(super) begun: OnceLock<Instant>,
    pub(super) stage: watch::Sender<Stage>,
    /// Opens when the app is ready; given up when it will not be.
    pub(super) ready: Gate,
    pub(super) latch: Mutex<Option<Latch>>,
    /// When the step of the start that goes on has used up its limit.
    pub(super) step_end: Mutex<Option<Instant>>,
    /// The end of the whole stop, once it has begun.
    pub(super) stop_end: OnceLock<Deadline>,
}

impl Progress {
    pub(super) fn new() -> Progress {
        let ready = Gate::new();
        Progress {
            begun: OnceLock::new(),
            stage: watch::Sender::new(Stage::Created),
            latch: Mutex::new(Some(ready.latch("the app"))),
            ready,
            step_end: Mutex::default(),
            stop_end: OnceLock::new(),
        }
    }
}
