//! The broker and the processes of the tests.

mod broker;
mod process;

use std::time::Duration;

use tokio::time::{sleep, timeout};

pub(crate) use broker::Broker;
pub(crate) use process::{Process, post};
pub(crate) use rustix::process::Signal;

/// The limit of every wait: generous, for a machine with other work.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until it is so, where no event can be seen from outside.
pub(crate) async fn soon(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !ask().await {
            sleep(Duration::from_millis(2)).await;
        }
    };
    let asked = timeout(PATIENCE, asking).await;
    assert!(asked.is_ok(), "not after {PATIENCE:?}: {what}");
}
