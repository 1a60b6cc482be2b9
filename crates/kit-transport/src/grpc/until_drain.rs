//! Ending the streams of a service that does not know of the drain.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use kit_sync::StopToken;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::server::NamedService;

use super::until_unavailable::unavailable_trailers;
use crate::CallContext;
use crate::exchange::take_until::{TakeUntil, Taken};

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
        if let Some(call) = CallContext::of(request.extensions()) {
            call.draining().mark_stream();
        }
        let token = self.token.clone();
        let request = request.map(|body| OneWay::of(body, &token, End::Silent));
        let response = self.service.call(request);
        Box::pin(async move {
            let response = response.await?;
            Ok(response.map(|body| OneWay::of(body, &token, End::Unavailable)))
        })
    }
}

/// How a direction of a call ends at the drain.
#[derive(Clone, Copy, Debug)]
enum End {
    /// The client's: the service sees that no message follows.
    Silent,
    /// The service's: the client sees the status.
    Unavailable,
}

/// The messages of one direction of a call, up to the drain. A message that is ready goes first; an
/// end may itself have come of the drain, and gives way to it.
struct OneWay {
    body: TakeUntil<Body>,
    end: End,
}

impl OneWay {
    fn of(body: Body, token: &StopToken, end: End) -> Body {
        let body = TakeUntil::new(body, token);
        Body::new(OneWay { body, end })
    }
}

impl http_body::Body for OneWay {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let is_message =
            |frame: &Result<Frame<Bytes>, Status>| frame.as_ref().is_ok_and(Frame::is_data);
        let taken = Pin::new(&mut this.body).poll_take(cx, Body::poll_frame, is_message);
        taken.map(|taken| match (taken, this.end) {
            (Taken::Item(frame), _) => Some(frame),
            (Taken::Drained, End::Unavailable) => Some(Ok(Frame::trailers(unavailable_trailers()))),
            (Taken::Drained, End::Silent) | (Taken::End, _) => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.source().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.body.source();
        body.map_or_else(SizeHint::new, Body::size_hint)
    }
}
