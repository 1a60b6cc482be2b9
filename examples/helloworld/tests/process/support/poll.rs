//! Waiting, with a bound.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};

/// After that long a thing that should happen has not: generous, for a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for `future`, which is to be done by then.
pub(crate) async fn within<F: Future>(deadline: Instant, what: &str, future: F) -> F::Output {
    match timeout_at(deadline, future).await {
        Ok(output) => output,
        Err(_) => panic!("too late: {what}"),
    }
}

/// Asks again and again until the answer is there; there is no event for it from outside.
pub(crate) async fn soon<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            sleep(Duration::from_millis(2)).await;
        }
    };
    match timeout(PATIENCE, asking).await {
        Ok(answer) => answer,
        Err(_) => panic!("not after {PATIENCE:?}: {what}"),
    }
}

/// Whether the future has still no output.
pub(crate) async fn poll_pending<F: Future + Unpin>(future: &mut F) -> bool {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx).is_pending())).await
}
