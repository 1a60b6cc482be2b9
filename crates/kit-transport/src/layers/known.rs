//! What layers find in the context of a request.

use std::sync::Arc;

use ::http::{Extensions, Request};
use tokio::time::Instant;

use super::claims::Claims;
use super::facts::Facts;
use super::grpc;
use super::http::ErrorForm;
use super::metadata_values::Metadata;
use super::operations::Operation;
use super::request_id::id::RequestId;
use super::trace::context::TraceContext;
use crate::CallContext;

impl CallContext {
    /// What the request asks for, on a server with [layers](crate::layers).
    #[must_use]
    pub fn operation(&self) -> Option<&Operation> {
        self.facts.as_ref().map(|facts| facts.operation())
    }

    /// The id of the request, inside [`layers::request_id`](crate::layers::request_id()).
    #[must_use]
    pub fn request_id(&self) -> Option<&RequestId> {
        let named = self.facts.as_ref()?.trail().request_id.get()?;
        Some(&named.id)
    }

    /// The place of the request in a trace, inside [`layers::trace`](crate::layers::trace()).
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.facts.as_ref()?.trail().trace.get()
    }

    /// What an [authentication layer](crate::layers::authenticate) outside has found out about the
    /// caller; `None` without one, for a request that it lets pass, and for another type.
    #[must_use]
    pub fn claims<T: Send + Sync + 'static>(&self) -> Option<Claims<T>> {
        self.facts.as_ref()?.claims().get()
    }

    /// The values that came with the request; `None` outside of [`layers::metadata`](crate::layers::metadata()),
    /// which takes them in.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.facts.as_ref()?.travelling().received()
    }

    /// When the answer has to be there, inside a [layer](crate::layers::deadline) that says so.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.facts.as_ref()?.time_left().deadline()
    }
}

/// The facts of a request that came by no server of Kit's, as in a test that calls a router itself.
#[derive(Clone)]
struct WithoutServer(Arc<Facts>);

fn given(extensions: &Extensions) -> Option<&Arc<Facts>> {
    match CallContext::of(extensions) {
        Some(call) => call.facts.as_ref(),
        None => extensions.get::<WithoutServer>().map(|facts| &facts.0),
    }
}

/// What an authentication layer has found out about the caller of a request with these extensions.
#[cfg_attr(
    not(feature = "http"),
    expect(dead_code, reason = "there are no extractors")
)]
pub(crate) fn claims_in<T: Send + Sync + 'static>(extensions: &Extensions) -> Option<Claims<T>> {
    given(extensions)?.claims().get()
}

/// The facts of a request; for one that has come to no layers of a server so far, those of its head.
pub(super) fn facts_of<B>(request: &mut Request<B>) -> Arc<Facts> {
    if let Some(facts) = given(request.extensions()) {
        return Arc::clone(facts);
    }
    let facts = Facts::of_head(request, grpc::is_call(request.headers()));
    give(request, |_| facts)
}

/// Makes the facts of a request out of the form of its errors. From here on layers find them.
pub(super) fn give<B>(
    request: &mut Request<B>,
    facts: impl FnOnce(Option<ErrorForm>) -> Arc<Facts>,
) -> Arc<Facts> {
    let extensions = request.extensions_mut();
    match extensions.get_mut::<CallContext>() {
        Some(call) => Arc::clone(call.facts.insert(facts(call.form))),
        None => {
            let facts = facts(None);
            extensions.insert(WithoutServer(Arc::clone(&facts)));
            facts
        }
    }
}
