//! The stop: a signal cancels a token, and what still runs at the deadline is cut.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::Failed;
use crate::limits::STOP;

/// The signals that ask for a stop.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Cancels `stop` at a signal; returns when the servers have not ended by the deadline.
pub(crate) async fn within_deadline(mut signals: Signals, stop: &CancellationToken) -> Failed {
    signals.received().await;
    stop.cancel();
    tokio::time::sleep(STOP).await;
    format!("requests were cut: the stop took longer than {STOP:?}").into()
}
