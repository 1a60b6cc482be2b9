//! The responses that a stream of requests asks for.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tokio_stream::Stream;
use tonic::Status;

use super::proto::{ResponseParameters, StreamingOutputCallRequest, StreamingOutputCallResponse};
use super::{payload, status};

/// Each request's responses in their order, each after its interval. A request that asks for a
/// status ends the stream with it.
pub(crate) struct Replies<S> {
    requests: S,
    kind: i32,
    due: VecDeque<ResponseParameters>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Replies<S> {
    pub(super) fn new(requests: S) -> Self {
        Self {
            requests,
            kind: 0,
            due: VecDeque::new(),
            pause: None,
        }
    }
}

impl<S> Stream for Replies<S>
where
    S: Stream<Item = Result<StreamingOutputCallRequest, Status>> + Unpin,
{
    type Item = Result<StreamingOutputCallResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while this.due.is_empty() {
            match ready!(Pin::new(&mut this.requests).poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(request)) => {
                    if let Err(asked) = status(request.response_status) {
                        return Poll::Ready(Some(Err(asked)));
                    }
                    this.kind = request.response_type;
                    this.due = request.response_parameters.into();
                }
            }
        }
        let interval = this.due.front().map_or(0, |next| next.interval_us);
        if let Ok(micros @ 1..) = u64::try_from(interval) {
            let pause = this
                .pause
                .get_or_insert_with(|| Box::pin(sleep(Duration::from_micros(micros))));
            ready!(pause.as_mut().poll(cx));
            this.pause = None;
        }
        let size = this.due.pop_front().map_or(0, |next| next.size);
        Poll::Ready(Some(payload(this.kind, size).map(|payload| {
            StreamingOutputCallResponse {
                payload: Some(payload),
            }
        })))
    }
}
