//! Where a reload is asked for.

use std::sync::Mutex;

use kit_sync::Cause;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Requests for a reload: all those that come before one begins, or while one runs, are one.
#[derive(Debug, Default)]
pub(crate) struct ReloadRequests {
    /// Whether there is a hook to be called.
    pub(crate) has_hooks: bool,
    /// The first of the requests that no reload has begun for.
    wanted: Mutex<Option<Cause>>,
    asked: Notify,
    /// When the hook that runs has used up its limit; written by the reloads.
    hook_end: Mutex<Option<Instant>>,
}

impl ReloadRequests {
    pub(crate) fn new(has_hooks: bool) -> ReloadRequests {
        ReloadRequests {
            has_hooks,
            ..ReloadRequests::default()
        }
    }

    /// Asks for one; waits for nothing.
    pub(crate) fn ask(&self, cause: Cause) {
        kit_sync::lock(&self.wanted).get_or_insert(cause);
        self.asked.notify_one();
    }

    /// A hook is called that ends by then, well or not.
    pub(super) fn set_hook_end(&self, end: Instant) {
        *kit_sync::lock(&self.hook_end) = Some(end);
    }

    /// When the hook that was called last has used up its limit.
    pub(crate) fn hook_end(&self) -> Option<Instant> {
        *kit_sync::lock(&self.hook_end)
    }

    /// Takes the next request. Cancel safe.
    pub(super) async fn next(&self) -> Cause {
        loop {
            if let Some(cause) = kit_sync::lock(&self.wanted).take() {
                return cause;
            }
            self.asked.notified().await;
        }
    }
}
