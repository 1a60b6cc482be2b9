//! Ending a stream early: the one way in which streams of every protocol end at the drain.

use std::pin::Pin;
use std::task::{Context, Poll};

use kit_sync::StopToken;
use pin_project_lite::pin_project;

pin_project! {
    /// A source of items, such as a stream or a body, and the drain that ends it. The source is
    /// dropped at its end, at the drain's beginning at the latest.
    pub(crate) struct TakeUntil<S> {
        // `None` after the end.
        #[pin]
        source: Option<S>,
        // Boxed, so that a stream that is `Unpin` stays so: users call `next()` on it.
        drain: Pin<Box<dyn Future<Output = ()> + Send>>,
    }
}

/// The result of asking for the next item.
#[derive(Debug)]
pub(crate) enum Taken<T> {
    Item(T),
    /// The drain has begun. Given once; then it is the end.
    Drained,
    End,
}

impl<S> TakeUntil<S> {
    /// The source until this token is cancelled.
    pub(crate) fn new(source: S, token: &StopToken) -> TakeUntil<S> {
        TakeUntil {
            source: Some(source),
            drain: Box::pin(token.cancelled_owned()),
        }
    }

    /// The source; `None` after the end.
    pub(crate) fn source(&self) -> Option<&S> {
        self.source.as_ref()
    }

    /// The next item by `poll`. An item that is ready comes before the drain if it `goes_first`;
    /// every other item, and the end, gives way to the drain. So a source that always has an item
    /// ready ends, too, where its items do not go first.
    pub(crate) fn poll_take<T>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<Option<T>>,
        goes_first: impl FnOnce(&T) -> bool,
    ) -> Poll<Taken<T>> {
        let mut this = self.project();
        let Some(source) = this.source.as_mut().as_pin_mut() else {
            return Poll::Ready(Taken::End);
        };
        let end = match poll(source, cx) {
            Poll::Ready(Some(item)) if goes_first(&item) => {
                return Poll::Ready(Taken::Item(item));
            }
            _ if this.drain.as_mut().poll(cx).is_ready() => Taken::Drained,
            Poll::Ready(Some(item)) => return Poll::Ready(Taken::Item(item)),
            Poll::Ready(None) => Taken::End,
            Poll::Pending => return Poll::Pending,
        };
        this.source.set(None);
        Poll::Ready(end)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use kit_sync::Cause;

    use super::*;

    /// Items below `first` go before the drain.
    fn ask(taken: &mut TakeUntil<u32>, first: u32, polled: Poll<Option<u32>>) -> String {
        let mut cx = Context::from_waker(Waker::noop());
        let taken = Pin::new(taken).poll_take(&mut cx, |_, _| polled, |item| *item < first);
        format!("{taken:?}")
    }

    #[test]
    fn items_come_until_the_drain_which_is_given_once() {
        for first in [0, 10] {
            let token = StopToken::new();
            let mut taken = TakeUntil::new(0, &token);
            let item = ask(&mut taken, first, Poll::Ready(Some(10)));
            assert_eq!(item, "Ready(Item(10))");
            let nothing = ask(&mut taken, first, Poll::Pending);
            assert_eq!(nothing, "Pending");
            token.cancel(Cause::Deadline);
            let last = ask(&mut taken, first, Poll::Ready(Some(10)));
            assert_eq!(last, "Ready(Drained)");
            assert!(taken.source().is_none(), "it is dropped");
            let end = ask(&mut taken, first, Poll::Ready(Some(1)));
            assert_eq!(end, "Ready(End)");
        }
    }

    #[test]
    fn an_end_before_the_drain_stays_an_end() {
        for first in [0, 10] {
            let token = StopToken::new();
            let mut taken = TakeUntil::new(0, &token);
            let end = ask(&mut taken, first, Poll::Ready(None));
            assert_eq!(end, "Ready(End)");
            token.cancel(Cause::Deadline);
            let end = ask(&mut taken, first, Poll::Pending);
            assert_eq!(end, "Ready(End)");
        }
    }

    #[test]
    fn an_item_that_is_ready_may_go_before_the_drain_and_an_end_may_not() {
        let token = StopToken::new();
        token.cancel(Cause::Deadline);
        let mut taken = TakeUntil::new(0, &token);
        let item = ask(&mut taken, 10, Poll::Ready(Some(1)));
        assert_eq!(item, "Ready(Item(1))");
        let end = ask(&mut taken, 10, Poll::Ready(None));
        assert_eq!(end, "Ready(Drained)");
        let mut taken = TakeUntil::new(0, &token);
        let drained = ask(&mut taken, 0, Poll::Ready(Some(1)));
        assert_eq!(drained, "Ready(Drained)");
    }
}
