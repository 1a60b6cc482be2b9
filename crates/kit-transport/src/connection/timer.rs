//! One timer for all the limits of a connection.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// A sleep that is only ever set to an earlier time. A busy connection moves its deadline
    /// with every request; the sleep then fires once in a while, too early, and is set again.
    #[derive(Debug)]
    pub(crate) struct LazyTimer {
        #[pin]
        sleep: Sleep,
        armed: Instant,
        polled: bool,
    }
}

impl LazyTimer {
    pub(crate) fn new(deadline: Instant) -> LazyTimer {
        LazyTimer {
            sleep: sleep_until(deadline),
            armed: deadline,
            polled: false,
        }
    }

    /// Ready when `wanted` has passed. May be asked with another time at every poll; always by the
    /// same task. With `now`, a sleep that was armed for later and polled before is left alone.
    pub(crate) fn poll_until(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        wanted: Instant,
        now: Option<Instant>,
    ) -> Poll<()> {
        let mut this = self.project();
        if *this.polled && *this.armed <= wanted && now.is_some_and(|now| now < *this.armed) {
            return Poll::Pending;
        }
        *this.polled = true;
        if wanted < *this.armed {
            this.sleep.as_mut().reset(wanted);
            *this.armed = wanted;
        }
        loop {
            ready!(this.sleep.as_mut().poll(cx));
            if wanted <= *this.armed {
                return Poll::Ready(());
            }
            this.sleep.as_mut().reset(wanted);
            *this.armed = wanted;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::time::Duration;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_later_deadline_outlives_the_sleep_that_was_armed() {
        let start = Instant::now();
        let mut timer = pin!(LazyTimer::new(start + SECOND));
        poll_fn(|cx| timer.as_mut().poll_until(cx, start + 5 * SECOND, None)).await;
        assert_eq!(start.elapsed(), 5 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_is_kept() {
        let start = Instant::now();
        let mut timer = pin!(LazyTimer::new(start + 60 * SECOND));
        poll_fn(|cx| timer.as_mut().poll_until(cx, start + SECOND, None)).await;
        assert_eq!(start.elapsed(), SECOND);
        poll_fn(|cx| {
            timer
                .as_mut()
                .poll_until(cx, start + 3 * SECOND, Some(Instant::now()))
        })
        .await;
        assert_eq!(start.elapsed(), 3 * SECOND);
    }
}
