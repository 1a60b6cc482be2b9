//! Several watches as one: a request that has all of their layers is observed once.

use ::http::{HeaderMap, Request};
use axum_core::body::Body;
use tracing::Span;

use super::observer::{Ended, Observer};
use super::service::Watch;
use crate::layers::facts::Facts;

/// A watch that may be absent.
impl<W: Watch> Watch for Option<W> {
    type Observer = W::Observer;

    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<W::Observer> {
        self.as_ref()?.begin(request, facts)
    }
}

/// The first stands outside of the second, as with two layers: the second begins, and ends, in the first
/// one's span.
impl<A: Watch, B: Watch> Watch for (A, B) {
    type Observer = (Option<A::Observer>, Option<B::Observer>);

    fn begin(&self, request: &Request<Body>, facts: &Facts) -> Option<Self::Observer> {
        let (outer, inner) = self;
        let outer = outer.begin(request, facts);
        let inner = in_span_of(outer.as_ref(), || inner.begin(request, facts));
        if outer.is_none() && inner.is_none() {
            return None;
        }
        Some((outer, inner))
    }
}

/// Runs part of the inner observer as its layer would run, in the span of the outer one.
fn in_span_of<O: Observer, T>(outer: Option<&O>, part: impl FnOnce() -> T) -> T {
    match outer.and_then(Observer::span) {
        Some(span) => span.in_scope(part),
        None => part(),
    }
}

fn follows<O: Observer>(observer: Option<&O>) -> bool {
    observer.is_some_and(Observer::follows)
}

impl<A: Observer, B: Observer> Observer for (Option<A>, Option<B>) {
    fn span(&self) -> Option<&Span> {
        let (outer, inner) = self;
        let span = outer.as_ref().and_then(Observer::span);
        // A request has one span.
        span.or_else(|| inner.as_ref()?.span())
    }

    fn counts_received(&self) -> bool {
        let (outer, inner) = self;
        outer.as_ref().is_some_and(Observer::counts_received)
            || inner.as_ref().is_some_and(Observer::counts_received)
    }

    fn head(&mut self, headers: &mut HeaderMap, facts: &Facts) {
        let (outer, inner) = self;
        if let Some(inner) = inner {
            in_span_of(outer.as_ref(), || inner.head(headers, facts));
        }
        if let Some(outer) = outer {
            outer.head(headers, facts);
        }
    }

    fn follows(&self) -> bool {
        follows(self.0.as_ref()) || follows(self.1.as_ref())
    }

    fn end(&mut self, ended: &Ended<'_>) {
        let (outer, inner) = self;
        if let Some(inner) = inner
            && inner.follows()
        {
            in_span_of(outer.as_ref(), || inner.end(ended));
        }
        if let Some(outer) = outer
            && outer.follows()
        {
            outer.end(ended);
        }
    }
}
