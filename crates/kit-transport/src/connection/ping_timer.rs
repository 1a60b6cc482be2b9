//! The timer of hyper's keep-alive pings.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant as StdInstant};

use hyper::rt;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::exchange::exchanges::Exchanges;

/// Like hyper-util's timer for tokio; but hyper polls its sleep at every poll of a connection, and
/// one that is armed already and has not fired needs nothing. And hyper asks for the time with every
/// frame, which is the time at which the connection was polled.
#[derive(Clone, Debug)]
pub(crate) struct PingTimer(pub(super) Arc<Exchanges>);

impl rt::Timer for PingTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        asleep(Instant::now() + duration)
    }

    fn sleep_until(&self, deadline: StdInstant) -> Pin<Box<dyn rt::Sleep>> {
        asleep(deadline.into())
    }

    fn now(&self) -> StdInstant {
        self.0.poll_time().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: StdInstant) {
        reset(sleep, deadline.into());
    }
}

fn asleep(deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
    Box::pin(PingSleep {
        sleep: sleep_until(deadline),
        armed: None,
    })
}

fn reset(sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
    match sleep.as_mut().downcast_mut_pin::<PingSleep>() {
        Some(sleep) => {
            let this = sleep.project();
            this.sleep.reset(deadline);
            *this.armed = None;
        }
        None => *sleep = asleep(deadline),
    }
}

pin_project! {
    struct PingSleep {
        #[pin]
        sleep: Sleep,
        // The task that it wakes.
        armed: Option<Waker>,
    }
}

impl rt::Sleep for PingSleep {}

impl Future for PingSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let armed = this.armed.as_ref();
        if armed.is_some_and(|waker| waker.will_wake(cx.waker())) && !this.sleep.is_elapsed() {
            return Poll::Pending;
        }
        *this.armed = Some(cx.waker().clone());
        ready!(this.sleep.poll(cx));
        *this.armed = None;
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn it_fires_in_time_however_often_it_is_polled_and_reset() {
        let start = Instant::now();
        let mut sleep = asleep(start + SECOND);
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            assert!(polls <= 2);
            ready!(sleep.as_mut().poll(cx));
            Poll::Ready(())
        })
        .await;
        assert_eq!((start.elapsed(), polls), (SECOND, 2));

        for seconds in [5, 3] {
            let deadline = Instant::now() + seconds * SECOND;
            reset(&mut sleep, deadline + SECOND);
            let early = poll_fn(|cx| Poll::Ready(sleep.as_mut().poll(cx))).await;
            assert!(early.is_pending());
            reset(&mut sleep, deadline);
            sleep.as_mut().await;
            assert_eq!(Instant::now(), deadline);
        }
    }
}
