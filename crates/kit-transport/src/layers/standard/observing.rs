//! The standard layers that observe, as one: each request has one observation for all of them.

use ::http::Request;
use axum_core::body::Body;

use super::metrics::Metrics;
use crate::layers::access_log::AccessLog;
use crate::layers::facts::Facts;
use crate::layers::observe::service::{Watch, watching};
use crate::layers::request_id::RequestIds;
use crate::layers::trace::Traces;

/// From the outside in: ids, traces, lines, numbers.
type InOrder = (
    (Option<RequestIds>, Option<Traces>),
    (Option<AccessLog>, Option<Metrics>),
);

/// The standard layers that observe; part of [`Standard`](super::Standard).
#[derive(Clone, Debug)]
pub struct Observing {
    pub(super) layers: InOrder,
}

impl Watch for Observing {
    type Observer = <InOrder as Watch>::Observer;

    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<Self::Observer> {
        self.layers.begin(request, facts)
    }
}

watching!(
    Observing,
    ObservingService,
    ObservingFuture,
    "crate::layers::standard"
);
