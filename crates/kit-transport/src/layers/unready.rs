//! Layers that are not ready for a request.

use std::sync::{Arc, Mutex};

use ::http::{Request, Response};
use axum_core::body::Body;
use kit_sync::{BoxError, Repeated, error_chain, lock};

use super::facts::Facts;
use super::reply::reply;
use crate::{ApiError, CallContext};

/// How often the layers of a server were not ready. Its clones count together.
///
/// None of the layers has the request then, so none of them logs it. Whatever has failed most likely fails
/// for all that follow: of their lines one is written at once, and others at growing intervals.
#[derive(Clone, Debug, Default)]
pub(super) struct Unready(Arc<Mutex<Repeated>>);

impl Unready {
    /// The answer in place of the layers, which have failed with this error.
    #[cold]
    pub(super) fn answer(
        &self,
        request: &Request<Body>,
        facts: &Facts,
        error: BoxError,
    ) -> Response<Body> {
        let text = error_chain(&*error);
        let repetition = lock(&self.0).failed(&text);
        if let Some(repetition) = repetition {
            let server = CallContext::of(request.extensions()).map(|call| call.scope().path());
            tracing::warn!(
                server,
                operation = facts.operation().as_str(),
                error = text,
                "a layer is not ready, and requests are answered in place of all layers{repetition}"
            );
        }
        reply(facts, ApiError::from_boxed(error).without_source())
    }
}
