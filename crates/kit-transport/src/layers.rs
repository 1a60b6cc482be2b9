//! Layers around the routes and services of a server: what happens at every request, on HTTP and
//! gRPC alike.
//!
//! A layer is one of tower's. Kit's and those of others are put together with a `ServiceBuilder` or as
//! a tuple, the first outermost, and given to a server with `.layers(…)`:
//!
//! ```
//! use axum::{Router, routing::get};
//! use kit_transport::{http, layers};
//! use tower::layer::util::Identity;
//!
//! let router = Router::new().route("/hello", get(|| async { "Hello" }));
//! // For one operation only.
//! let layer = layers::on(layers::Select::operation("/hello"), Identity::new());
//! let server = http::Server::new(":8000", router).layers(layer);
//! ```
//!
//! They run after the route or the service was chosen, so that each knows the [`Operation`]. Inside
//! all of them stands [`Next`], which calls the handler and decides what the server alone decides:
//! the limit of a body, the time of a request, and the answer to a panic. So layers see those answers.
//! What a layer itself breaks is caught outside, as without layers.

mod access_log;
mod authenticate;
mod authorize;
mod claims;
mod concurrency;
pub(crate) mod current;
mod deadline;
mod digits;
mod entrance;
mod exempt;
pub(crate) mod facts;
#[cfg_attr(not(feature = "grpc"), path = "layers/no_grpc.rs")]
pub(crate) mod grpc;
mod held_body;
#[cfg_attr(not(feature = "http"), path = "layers/no_http.rs")]
pub(crate) mod http;
#[cfg(feature = "jwt")]
pub mod jwt;
pub(crate) mod known;
mod later;
mod metadata_values;
#[cfg_attr(not(feature = "grpc"), path = "layers/no_methods.rs")]
pub(crate) mod methods;
#[cfg(feature = "metrics")]
mod metrics;
mod named;
mod next;
mod observe;
mod on;
pub(crate) mod operations;
mod options;
mod outcome;
mod places;
mod propagation;
mod quota;
mod random;
mod rate;
mod refusable;
mod reply;
mod request_id;
mod select;
mod span;
mod span_slot;
pub(crate) mod stack;
mod standard;
pub(crate) mod time_left;
mod trace;
mod trail;
mod travelling;
mod tunnel;
mod unready;
#[cfg_attr(
    not(feature = "ws"),
    expect(dead_code, reason = "there are no WebSockets")
)]
pub(crate) mod upgraded;

pub use access_log::{AccessLog, AccessLogFuture, AccessLogService, access_log};
pub use authenticate::{
    Authenticate, AuthenticateFuture, AuthenticateService, Scheme, authenticate,
};
pub use authorize::{Authorize, AuthorizeFuture, AuthorizeService, authorize};
pub use claims::Claims;
pub use concurrency::{
    ConcurrencyLimit, ConcurrencyLimitFuture, ConcurrencyLimitService, concurrency_limit,
};
pub use current::Current;
pub use deadline::{DeadlineFuture, DeadlineLayer, DeadlineService, deadline};
pub use metadata_values::{Metadata, MetadataError};
#[cfg(feature = "metrics")]
pub use metrics::{Metrics, MetricsFuture, MetricsService, metrics};
pub use named::{NamedOperation, NamedOperationService, operation};
pub use next::{Next, NextFuture};
pub use on::{On, OnFuture, OnService, on};
pub use operations::{Operation, Protocol};
pub use options::{
    AccessLogOptions, ConcurrencyOptions, DeadlineOptions, OperationDeadline, RateOptions,
    RequestIdOptions, StandardOptions,
};
pub use propagation::{MetadataLayer, MetadataService, metadata};
pub use rate::{RateLimit, RateLimitService, rate_limit};
pub use refusable::Refusable;
pub use request_id::id::RequestId;
pub use request_id::{RequestIdFuture, RequestIdService, RequestIds, request_id};
pub use select::Select;
pub use stack::Stack;
pub use standard::service::{StandardFuture, StandardService};
pub use standard::{Standard, standard};
pub use trace::context::TraceContext;
pub use trace::ids::{SpanId, TraceId};
pub use trace::{TraceFuture, TraceService, Traces, trace};
