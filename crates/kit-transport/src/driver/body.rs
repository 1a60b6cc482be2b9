//! A response's body, followed to its end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use kit_sync::BoxError;
use pin_project_lite::pin_project;

use super::conn::Conn;
use super::in_flight::Key;

/// A request, from the call of the service to the end of its response's body, however that ends.
#[derive(Debug)]
pub(super) struct Guard {
    conn: Arc<Conn>,
    key: Key,
    /// The body has come to its end.
    whole: bool,
}

impl Guard {
    pub(super) fn new(conn: Arc<Conn>, key: Key) -> Guard {
        Guard {
            conn,
            key,
            whole: false,
        }
    }

    pub(super) fn conn(&self) -> &Conn {
        &self.conn
    }

    pub(super) fn key(&self) -> Key {
        self.key
    }

    /// A panic of the handler's is an answer like any other, and a line in the log.
    pub(super) fn catch<T>(&self, poll: impl FnOnce() -> T) -> Result<T, ()> {
        catch_unwind(AssertUnwindSafe(poll)).map_err(|panic| {
            let message = panic
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("not a text");
            let request = self.conn.name_of(self.key);
            tracing::error!(%request, panic = message, "a handler panicked");
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.conn.ended(self.key, self.whole);
    }
}

pin_project! {
    /// The body with its request's guard: hyper drops it when it has taken the last byte.
    #[derive(Debug)]
    pub(crate) struct TrackedBody<B> {
        #[pin]
        body: B,
        events: bool,
        // Its handler has panicked: it is not polled again.
        panicked: bool,
        guard: Guard,
    }
}

impl<B: Body> TrackedBody<B> {
    pub(super) fn new(body: B, events: bool, mut guard: Guard) -> TrackedBody<B> {
        guard.whole = body.is_end_stream();
        TrackedBody {
            body,
            events,
            panicked: false,
            guard,
        }
    }
}

impl<B> Body for TrackedBody<B>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        if *this.panicked {
            return Poll::Ready(None);
        }
        // Before the body is asked, so that one that is never at a loss for events ends, too.
        if *this.events && !this.guard.conn().waits_for_events(this.guard.key(), cx) {
            return Poll::Ready(None);
        }
        let Ok(polled) = this.guard.catch(|| this.body.as_mut().poll_frame(cx)) else {
            *this.panicked = true;
            return Poll::Ready(Some(Err("the handler panicked".into())));
        };
        this.guard.whole = matches!(polled, Poll::Ready(None)) || this.body.is_end_stream();
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        !self.panicked && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
