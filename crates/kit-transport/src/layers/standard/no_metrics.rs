//! Without the feature `metrics` the standard layers have none.

use ::http::Request;
use axum_core::body::Body;

use crate::layers::facts::Facts;
use crate::layers::observe::observer::{Ended, Observer};
use crate::layers::observe::service::Watch;

/// In place of the layer.
#[derive(Clone, Debug)]
pub(crate) struct Metrics;

pub(super) fn metrics() -> Metrics {
    Metrics
}

impl Watch for Metrics {
    type Observer = NoObserver;

    fn begin(&self, _request: &Request<Body>, _facts: &Facts) -> Option<NoObserver> {
        None
    }
}

/// There is none.
pub(crate) enum NoObserver {}

impl Observer for NoObserver {
    fn end(&mut self, _ended: &Ended<'_>) {
        match *self {}
    }
}
