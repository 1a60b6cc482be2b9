//! A handle on one exchange, for the code that serves it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::exchange::about::About;
use crate::exchange::allowance::ResponseLimit;
use crate::exchange::exchanges::Exchanges;
use crate::exchange::table::Key;

/// One exchange, and the connection that it came by. Cheap to clone; it outlives its exchange, and
/// changes nothing then.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeHandle {
    exchanges: Arc<Exchanges>,
    key: Key,
}

impl ExchangeHandle {
    pub(crate) fn new(exchanges: Arc<Exchanges>, key: Key) -> ExchangeHandle {
        ExchangeHandle { exchanges, key }
    }

    /// The exchanges of the connection.
    pub(crate) fn exchanges(&self) -> &Exchanges {
        &self.exchanges
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// The connection's facts.
    pub(crate) fn about(&self) -> &About {
        &self.exchanges.about
    }

    /// Makes the response a stream.
    pub(crate) fn mark_stream(&self) {
        self.exchanges.mark_stream(self.key);
    }

    /// Asks for this time at a drain.
    pub(crate) fn set_finish_within(&self, limit: Duration) {
        self.exchanges.set_finish_within(self.key, limit);
    }

    /// Runs part of the handler. A panic of it is an answer like any other, and a line in the log.
    pub(crate) fn catch<T>(&self, part: impl FnOnce() -> T) -> Result<T, ()> {
        catch_unwind(AssertUnwindSafe(part)).map_err(|panic| {
            let request = self.exchanges.name_of(self.key);
            let place = kit_sync::panic::take_location();
            let panic = kit_sync::panic::message(&*panic);
            tracing::error!(%request, panic, place, "a handler panicked");
        })
    }

    /// Logs that it takes too long. An end by the client's own limit is the client's affair.
    #[cold]
    pub(crate) fn log_timeout(&self, limit: ResponseLimit) {
        let request = self.exchanges.name_of(self.key);
        match limit {
            ResponseLimit::Client(limit) => tracing::debug!(%request, ?limit, "no answer in time"),
            ResponseLimit::Own(limit) => tracing::warn!(%request, ?limit, "no answer in time"),
        }
    }
}
