//! The first step of a run: what it does before it waits for the first time.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// How long a start waits for the first steps of its workers. A run that blocks its thread takes none, and keeps no
/// app from starting.
const LIMIT: Duration = Duration::from_secs(2);

/// The end of a first step, which is that of the run at the latest.
#[derive(Debug)]
pub(super) struct FirstStep(oneshot::Receiver<Infallible>);

/// What a run has until its first step is taken.
#[derive(Debug)]
pub(super) struct Stepping {
    _sender: oneshot::Sender<Infallible>,
}

pub(super) fn new() -> (Stepping, FirstStep) {
    let (sender, receiver) = oneshot::channel();
    (Stepping { _sender: sender }, FirstStep(receiver))
}

/// Resolves once all of these were taken, or after [`LIMIT`].
pub(super) async fn all_taken(first_steps: Vec<FirstStep>) {
    let all = async {
        for FirstStep(step) in first_steps {
            // Nothing is sent: the sender is dropped.
            let _ = step.await;
        }
    };
    let _ = timeout(LIMIT, all).await;
}
