//! Ending the streams of a service that knows nothing of draining.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Frame, SizeHint};
use kit_sync::StopToken;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;

use crate::Draining;

/// What a stream's client is told when the drain begins.
pub(super) fn draining() -> Status {
    Status::unavailable("the server is draining")
}

/// A service whose streams end when the drain begins: the client's side for the service, so that
/// its tasks end, and the service's side for the client, with `UNAVAILABLE`.
#[derive(Clone, Debug)]
pub(super) struct UntilDrain<S> {
    service: S,
    token: StopToken,
}

impl<S> UntilDrain<S> {
    pub(super) fn new(service: S, token: StopToken) -> UntilDrain<S> {
        UntilDrain { service, token }
    }
}

impl<S: NamedService> NamedService for UntilDrain<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for UntilDrain<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Future: Send + 'static>,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if let Some(draining) = request.extensions().get::<Draining>() {
            drop(draining.draining());
        }
        let half = |body, end| Body::new(HalfStream::new(body, &self.token, end));
        let response = self
            .service
            .call(request.map(|body| half(body, End::Silent)));
        let token = self.token.clone();
        Box::pin(async move {
            let response = response.await?;
            Ok(response.map(|body| Body::new(HalfStream::new(body, &token, End::Unavailable))))
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum End {
    Silent,
    Unavailable,
}

/// One direction of a stream. At the drain it drops what it has and ends.
struct HalfStream {
    body: Option<Body>,
    told: Pin<Box<dyn Future<Output = ()> + Send>>,
    end: End,
}

impl HalfStream {
    fn new(body: Body, token: &StopToken, end: End) -> HalfStream {
        let token = token.clone();
        HalfStream {
            body: Some(body),
            told: Box::pin(async move { token.cancelled().await }),
            end,
        }
    }
}

impl http_body::Body for HalfStream {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(body).poll_frame(cx);
        // A message that is there goes first; an end may itself come of the drain.
        let is_message = matches!(&frame, Poll::Ready(Some(Ok(frame))) if frame.is_data());
        if is_message || this.told.as_mut().poll(cx).is_pending() {
            return frame;
        }
        this.body = None;
        Poll::Ready(match this.end {
            End::Silent => None,
            End::Unavailable => {
                let mut trailers = HeaderMap::new();
                let added = draining().add_header(&mut trailers);
                Some(added.map(|()| Frame::trailers(trailers)))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body
            .as_ref()
            .is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::new, http_body::Body::size_hint)
    }
}
