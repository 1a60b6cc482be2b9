//! The layer that gives each request an id.

use ::http::{HeaderMap, HeaderName, Request};
use axum_core::body::Body;
use tracing::Span;

use super::facts::Facts;
use super::observe::observer::{Ended, Observer};
use super::observe::service::{Watch, watching};
use super::span::RequestSpan;

pub(super) mod id;
pub(super) mod named;

use id::RequestId;
use named::NamedId;

/// Gives each request an id, a [`RequestId`]: the one of the header `x-request-id` if it is well-formed
/// (1 to 128 ASCII letters, digits, and `-._~+/=:@`), otherwise a new UUID of version 7.
///
/// The response has it in the same header, on gRPC in its metadata. All that the handler and its body
/// log has it as the field `request_id` of the request's span (target `kit::request`, level `info`).
/// [`Current::propagate`](super::Current::propagate) hands it on to outgoing calls.
///
/// ```
/// use axum::{Router, routing::get};
/// use kit_transport::layers::{self, RequestId};
/// use kit_transport::http;
///
/// async fn hello(id: RequestId) -> String {
///     format!("Hello, {id}")
/// }
///
/// let router = Router::new().route("/hello", get(hello));
/// let server = http::Server::new(":8000", router).layers(layers::request_id());
/// ```
#[must_use]
pub fn request_id() -> RequestIds {
    RequestIds {
        header: HeaderName::from_static("x-request-id"),
        trusts_clients: true,
    }
}

/// A layer that gives each request an id; from [`request_id`].
#[derive(Clone, Debug)]
pub struct RequestIds {
    header: HeaderName,
    trusts_clients: bool,
}

impl RequestIds {
    /// Uses another header than `x-request-id`.
    #[must_use]
    pub fn header(self, header: HeaderName) -> RequestIds {
        RequestIds { header, ..self }
    }

    /// Makes an id for each request, whatever its client has sent: for a server that the public reaches
    /// directly.
    #[must_use]
    pub fn always_new(self) -> RequestIds {
        RequestIds {
            trusts_clients: false,
            ..self
        }
    }

    /// The id that a client has sent once.
    fn sent(&self, headers: &HeaderMap) -> Option<RequestId> {
        let mut values = headers.get_all(&self.header).iter();
        match (values.next(), values.next()) {
            (Some(value), None) if self.trusts_clients => RequestId::parse(value),
            _ => None,
        }
    }
}

impl Watch for RequestIds {
    type Observer = IdObserver;

    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<IdObserver> {
        let named = facts.trail().request_id.get_or_init(|| NamedId {
            header: self.header.clone(),
            id: self.sent(request.headers()).unwrap_or_else(RequestId::make),
        });
        let span = RequestSpan::open(request, facts);
        if span.is_none() {
            RequestSpan::record(facts, |span| {
                span.record("request_id", named.id.as_str());
            });
        }
        Some(IdObserver { span })
    }
}

/// Puts the id into the head of a response.
pub(crate) struct IdObserver {
    span: Option<RequestSpan>,
}

impl Observer for IdObserver {
    fn span(&self) -> Option<&Span> {
        self.span.as_ref().map(RequestSpan::get)
    }

    fn head(&mut self, headers: &mut HeaderMap, facts: &Facts) {
        if let Some(named) = facts.trail().request_id.get() {
            headers.insert(named.header.clone(), named.id.value().clone());
        }
    }

    fn follows(&self) -> bool {
        self.span.is_some()
    }

    fn end(&mut self, ended: &Ended<'_>) {
        if let Some(span) = &self.span {
            span.end(ended);
        }
    }
}

watching!(RequestIds, RequestIdService, RequestIdFuture, "request_id");
