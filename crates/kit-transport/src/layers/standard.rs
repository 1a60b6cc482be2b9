//! The layers that most services want, in one stack.

use tower::Layer;

use self::metrics::{Metrics, metrics};
use super::access_log::{AccessLog, access_log};
use super::concurrency::ConcurrencyLimit;
use super::deadline::{DeadlineLayer, deadline};
use super::options::{ConcurrencyOptions, StandardOptions};
use super::propagation::{MetadataLayer, metadata};
use super::request_id::{RequestIds, request_id};
use super::trace::{Traces, trace};

mod limits;
#[cfg_attr(not(feature = "metrics"), path = "standard/no_metrics.rs")]
mod metrics;
pub(super) mod service;

use limits::LimitLayers;
use service::{InOrder, StandardService};

/// The layers that most services want, in the order that they need. From the outside in:
///
/// | layer | why it stands there |
/// |---|---|
/// | [`request_id`](super::request_id()) | every line that any other layer logs has the id |
/// | [`trace`](super::trace()) | the span of the request is open for all that follow |
/// | [`access_log`](super::access_log()) | it sees what all layers inside answer: what they shed, refuse, give up or panic at |
/// | `metrics`, with that feature | the same; the time that the access log takes is no request's |
/// | [`metadata`](super::metadata()) | a layer inside may ask for it, and too much of it is refused before work is done |
/// | [`deadline`](super::deadline()) | outside of the queue, because a request that waits there uses up its time; without a limit here, the client's holds |
/// | [`concurrency_limit`](super::concurrency_limit()) | only if it was given: how much a service bears is for its author to say |
/// | yours | authentication, authorisation, limits by caller |
/// | the server | the limit of a body, its own time-out and the catch for a panic, around the handler |
///
/// Each can be replaced, and left out with `None`. Layers that are added stand inside: in a `ServiceBuilder` after
/// this one.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use kit_transport::{http, layers::{self, Select}};
/// use tower::ServiceBuilder;
///
/// let standard = layers::standard()
///     .access_log(layers::access_log().quiet(Select::operation("/ping")))
///     .deadline(layers::deadline(Duration::from_secs(5)))
///     .concurrency_limit(layers::concurrency_limit(200).queue(50))
///     .metadata(None);
/// let stack = ServiceBuilder::new().layer(standard).layer(layers::operation("/orders"));
/// let router = Router::new().route("/ping", get(|| async { "pong" }));
/// let server = http::Server::new(":8000", router).layers(stack);
/// ```
pub fn standard() -> Standard {
    Standard {
        request_id: Some(request_id()),
        trace: Some(trace()),
        access_log: Some(access_log()),
        metrics: Some(metrics()),
        metadata: Some(metadata()),
        deadline: Some(deadline(None)),
        concurrency_limit: None,
    }
}

/// The layers that most services want; from [`standard`].
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until a server has it"]
pub struct Standard {
    request_id: Option<RequestIds>,
    trace: Option<Traces>,
    access_log: Option<AccessLog>,
    metrics: Option<Metrics>,
    metadata: Option<MetadataLayer>,
    deadline: Option<DeadlineLayer>,
    concurrency_limit: Option<ConcurrencyLimit>,
}

impl Standard {
    /// Replaces the layers that [`StandardOptions`] are about: ids, access log, limits of time and of
    /// requests at once. Methods called after it win.
    pub fn options(self, options: &StandardOptions) -> Standard {
        self.request_id(options.request_id.layer())
            .access_log(options.access_log.layer())
            .deadline(options.deadline.layer())
            .concurrency_limit(options.concurrency.as_ref().map(ConcurrencyOptions::layer))
    }

    /// Replaces how ids of requests are taken and made.
    pub fn request_id(mut self, layer: impl Into<Option<RequestIds>>) -> Standard {
        self.request_id = layer.into();
        self
    }

    /// Replaces how traces begin.
    pub fn trace(mut self, layer: impl Into<Option<Traces>>) -> Standard {
        self.trace = layer.into();
        self
    }

    /// Replaces what is logged of requests.
    pub fn access_log(mut self, layer: impl Into<Option<AccessLog>>) -> Standard {
        self.access_log = layer.into();
        self
    }

    /// Leaves metrics out, which are there with the feature `metrics`.
    pub fn without_metrics(mut self) -> Standard {
        self.metrics = None;
        self
    }

    /// Replaces which metadata travels.
    pub fn metadata(mut self, layer: impl Into<Option<MetadataLayer>>) -> Standard {
        self.metadata = layer.into();
        self
    }

    /// Replaces the limits of time. Default: those of the clients alone.
    pub fn deadline(mut self, layer: impl Into<Option<DeadlineLayer>>) -> Standard {
        self.deadline = layer.into();
        self
    }

    /// Replaces how many requests are served at once. Default: no limit.
    pub fn concurrency_limit(mut self, layer: impl Into<Option<ConcurrencyLimit>>) -> Standard {
        self.concurrency_limit = layer.into();
        self
    }
}

impl<S> Layer<S> for Standard {
    type Service = StandardService<S>;

    fn layer(&self, inner: S) -> StandardService<S> {
        let ids = (self.request_id.clone(), self.trace.clone());
        let numbers = (self.access_log.clone(), self.metrics.clone());
        let limits = LimitLayers {
            metadata: self.metadata.clone(),
            deadline: self.deadline.clone(),
            concurrency: self.concurrency_limit.clone(),
        };
        let watches = (ids, numbers);
        StandardService::new(InOrder { watches, limits }, inner)
    }
}
