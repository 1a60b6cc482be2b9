//! The handler of an upgraded connection, as a part of its request.

use std::sync::Arc;

use tracing::Instrument as _;

use super::current::run_for;
use super::facts::Facts;
use super::outcome::ExchangeEnd;
use crate::CallContext;

/// A request that becomes a tunnel: what its layers observe ends when this is dropped.
pub(crate) struct Upgraded {
    facts: Arc<Facts>,
    /// How it ends, if it ends now.
    end: ExchangeEnd,
}

/// How the handler of an upgraded connection ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum HandlerEnd {
    Returned,
    Panicked,
    /// The drain has killed its connection.
    Cut,
    /// It has returned, because its client was gone.
    ClientGone,
}

impl Upgraded {
    /// `None` on a server without layers.
    pub(crate) fn of(call: &CallContext) -> Option<Upgraded> {
        let facts = call.facts.clone()?;
        facts.trail().tunnel.mark_followed();
        Some(Upgraded {
            facts,
            end: ExchangeEnd::Gone,
        })
    }

    /// Runs the handler for the request, in its span. One that is dropped before its end was cut.
    pub(crate) async fn run(mut self, handler: impl Future<Output = HandlerEnd>) {
        let span = self.facts.trail().span.get();
        self.end = ExchangeEnd::Cut;
        let handled = run_for(Arc::clone(&self.facts), handler).instrument(span);
        self.end = match handled.await {
            HandlerEnd::Returned => ExchangeEnd::Whole,
            HandlerEnd::Panicked => ExchangeEnd::Panicked,
            HandlerEnd::Cut => ExchangeEnd::Cut,
            HandlerEnd::ClientGone => ExchangeEnd::Gone,
        };
    }
}

impl Drop for Upgraded {
    fn drop(&mut self) {
        self.facts.trail().tunnel.end(self.end);
    }
}
