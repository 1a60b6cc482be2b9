//! HTTP/1.1 and HTTP/2 answered by one function, without a router: for an admin server, probes or
//! metrics.

mod handler;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Response;
use http::request::Parts;
use kit_sync::BoxError;

use crate::front::Front;
use crate::{ConnectionOptions, Context, Listen, Listening, Phase};
use handler::{AnswerFn, SimpleHandler};

/// For ALPN, best first.
const PROTOCOLS: &[&[u8]] = &[b"h2", b"http/1.1"];

/// A server whose answers follow from a request alone, at once. It depends on neither axum
/// nor tonic, and has the same driver, limits and drain as they.
///
/// The bodies of requests are not read, but by [`with_bodies`](Self::with_bodies). The function runs on a thread of the runtime and must not
/// block; a panic in it answers 500. The head's extensions hold a
/// [`CallContext`](crate::CallContext).
///
/// ```
/// use bytes::Bytes;
/// use http::{Response, StatusCode};
/// use kit_transport::simple;
///
/// let server = simple::Server::new("localhost:9090", |head| {
///     let mut response = Response::new(Bytes::from_static(b"ok\n"));
///     if head.uri.path() != "/livez" {
///         *response.status_mut() = StatusCode::NOT_FOUND;
///     }
///     response
/// });
/// ```
#[derive(Clone)]
#[must_use = "a server does nothing until an application runs it"]
pub struct Server {
    front: Front,
    answer: Arc<AnswerFn>,
    max_body: Option<usize>,
}

impl Server {
    /// A server at this address whose answers `answer` gives. It is in no registry.
    pub fn new(
        listen: impl Into<Listen>,
        answer: impl Fn(&Parts) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Server {
        let answer = move |head: &Parts, _: &Bytes| answer(head);
        Server::of(listen.into(), None, Arc::new(answer))
    }

    /// A server whose answers follow from heads and bodies. A body is read whole before `answer` is called,
    /// empty or not; one of more than `max_body` bytes is answered with 413.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::Response;
    /// use kit_transport::simple;
    ///
    /// let echo = simple::Server::with_bodies("localhost:9090", 1024, |_head, body| {
    ///     Response::new(body.clone())
    /// });
    /// ```
    pub fn with_bodies(
        listen: impl Into<Listen>,
        max_body: usize,
        answer: impl Fn(&Parts, &Bytes) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Server {
        Server::of(listen.into(), Some(max_body), Arc::new(answer))
    }

    fn of(listen: Listen, max_body: Option<usize>, answer: Arc<AnswerFn>) -> Server {
        let mut front = Front::new("simple", listen);
        front.private = true;
        Server {
            front,
            answer,
            max_body,
        }
    }

    /// Its name in logs, reports and errors. Default: `simple`.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Server {
        self.front.name = name.into();
        self
    }

    /// The limits of its connections.
    pub fn connections(mut self, options: ConnectionOptions) -> Server {
        self.front.options = options;
        self
    }
}

#[async_trait]
impl crate::Server for Server {
    fn name(&self) -> &str {
        &self.front.name
    }

    fn phase(&self) -> Phase {
        self.front.phase
    }

    fn check(&self) -> Result<(), BoxError> {
        Ok(self.front.check()?)
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        self.front.check()?;
        let handler = SimpleHandler::new(Arc::clone(&self.answer), self.max_body);
        let schemes = &[("http", "https")];
        let started = self.front.start(ctx, handler, PROTOCOLS, schemes);
        Ok(started.await?)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("front", &self.front)
            .finish_non_exhaustive()
    }
}
