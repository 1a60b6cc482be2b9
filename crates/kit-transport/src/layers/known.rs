//! What layers find in the context of a request.

use std::sync::Arc;

use ::http::Request;

use super::facts::Facts;
use super::grpc;
use super::operations::Operation;
use crate::CallContext;

impl CallContext {
    /// What the request asks for, on a server with [layers](crate::layers).
    #[must_use]
    pub fn operation(&self) -> Option<&Operation> {
        self.facts.as_ref().map(|facts| facts.operation())
    }
}

/// The facts of a request; for one that has come to no layers of a server so far, those of its head.
pub(super) fn facts_of<B>(request: &mut Request<B>) -> Arc<Facts> {
    let call = CallContext::of(request.extensions());
    if let Some(facts) = call.and_then(|call| call.facts.as_ref()) {
        return Arc::clone(facts);
    }
    let facts = Facts::of_head(request, grpc::is_call(request.headers()));
    give(request, Arc::clone(&facts));
    facts
}

/// From here on layers find it.
pub(super) fn give<B>(request: &mut Request<B>, facts: Arc<Facts>) {
    if let Some(call) = request.extensions_mut().get_mut::<CallContext>() {
        call.facts = Some(facts);
    }
}
