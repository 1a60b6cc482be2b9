//! A handle on one exchange, for the code that serves it.

use std::sync::Arc;
use std::time::Duration;

use crate::exchange::about::About;
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
}
