//! The behaviour of `BoundedGroup`, through its public interface.

mod end;
mod failures;
mod fairness;
mod inside;
mod places;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;
use tokio::task::yield_now;

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A task that ends when the sender sends.
fn task_and_end() -> (
    impl Future<Output = Result<(), &'static str>>,
    oneshot::Sender<()>,
) {
    let (end, ended) = oneshot::channel();
    (
        async move { ended.await.map_err(|_| "the sender was dropped") },
        end,
    )
}

/// Lets every task run that can: on a runtime of one thread, when none of them yields for long.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

async fn payload_of<F: Future>(wait: F) -> Box<dyn Any + Send> {
    let mut wait = pin!(wait);
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| wait.as_mut().poll(cx)))
            .map_or_else(Poll::Ready, |polled| polled.map(|_| panic!("no panic")))
    })
    .await
}
