//! The handler of an upgraded connection, as a part of its request.

use std::sync::Arc;

use tracing::Instrument as _;

use super::current::run_for;
use super::facts::Facts;
use crate::CallContext;

/// A request that becomes a tunnel: what its layers observe ends when this is dropped.
pub(crate) struct Upgraded(Arc<Facts>);

impl Upgraded {
    /// `None` on a server without layers.
    pub(crate) fn of(call: &CallContext) -> Option<Upgraded> {
        let facts = call.facts.clone()?;
        facts.trail().tunnel.mark_followed();
        Some(Upgraded(facts))
    }

    /// Runs the handler for the request, in its span.
    pub(crate) async fn run(self, handler: impl Future<Output = ()>) {
        let span = self.0.trail().span.get();
        run_for(Arc::clone(&self.0), handler).instrument(span).await;
    }
}

impl Drop for Upgraded {
    fn drop(&mut self) {
        self.0.trail().tunnel.end();
    }
}
