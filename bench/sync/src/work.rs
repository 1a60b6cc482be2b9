//! The work of the tasks: the same futures on either side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kit_sync::{BoxError, StopToken};
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio_util::sync::CancellationToken;

/// The result of every task that has one.
pub(crate) type Done = Result<(), BoxError>;

pub(crate) async fn ready() -> Done {
    Ok(())
}

pub(crate) async fn yields() -> Done {
    yield_now().await;
    Ok(())
}

pub(crate) async fn ready_unit() {}

pub(crate) async fn yields_unit() {
    yield_now().await;
}

pub(crate) async fn waits(roll: Arc<RollCall>, token: CancellationToken) -> Done {
    roll.here();
    token.cancelled().await;
    Ok(())
}

/// Waits as users of a group or a scope do: on its own token.
pub(crate) async fn waits_on_stop_token(roll: Arc<RollCall>, token: StopToken) -> Done {
    roll.here();
    token.cancelled().await;
    Ok(())
}

/// Shows when every task has been polled: only then do all of them wait, and none is still queued.
pub(crate) struct RollCall {
    missing: AtomicU64,
    complete: Notify,
}

impl RollCall {
    pub(crate) fn of(count: u64) -> Arc<RollCall> {
        Arc::new(RollCall {
            missing: AtomicU64::new(count),
            complete: Notify::new(),
        })
    }

    fn here(&self) {
        if self.missing.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.complete.notify_one();
        }
    }

    pub(crate) async fn complete(&self) {
        self.complete.notified().await;
    }
}
