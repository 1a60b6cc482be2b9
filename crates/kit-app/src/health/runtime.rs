//! Whether the runtime makes progress, as those see it that watch it from other threads.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Since when the runtime has polled nothing. Written by the threads that watch it: that of the
/// watchdog, that of the admin server and that of the notifier. The end of a silence is the same for both.
#[derive(Debug, Default)]
pub(crate) struct Liveness(Mutex<Option<Instant>>);

impl Liveness {
    /// The runtime has polled nothing for this long.
    pub(crate) fn mark_silent(&self, since: Duration) {
        let mut silent = kit_sync::lock(&self.0);
        let now = Instant::now();
        silent.get_or_insert_with(|| now.checked_sub(since).unwrap_or(now));
    }

    /// It polls.
    pub(crate) fn mark_back(&self) {
        *kit_sync::lock(&self.0) = None;
    }

    /// For how long it has polled nothing; `None` while it makes progress.
    pub(crate) fn silent(&self) -> Option<Duration> {
        let silent = *kit_sync::lock(&self.0);
        silent.map(|since| since.elapsed())
    }
}
