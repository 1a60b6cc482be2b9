//! What observes an exchange.

use ::http::HeaderMap;
use tracing::Span;

use crate::Address;
use crate::exchange::handle::ExchangeHandle;
use crate::layers::facts::Facts;
use crate::layers::outcome::Outcome;

/// What a layer does with one exchange.
pub(crate) trait Observer: Send + 'static {
    /// In which the handler and the body run.
    fn span(&self) -> Option<&Span> {
        None
    }

    /// Whether it shows how much of the request's body has come.
    fn counts_received(&self) -> bool {
        false
    }

    /// The head of the response is there.
    fn head(&mut self, _headers: &mut HeaderMap, _facts: &Facts) {}

    /// Whether it is to see the end.
    fn follows(&self) -> bool {
        true
    }

    /// The exchange has ended.
    fn end(&mut self, ended: &Ended<'_>);
}

/// An exchange that has ended.
pub(crate) struct Ended<'a> {
    pub(crate) outcome: Outcome,
    pub(crate) facts: &'a Facts,
    /// One that HTTP knows, or `_OTHER`.
    pub(crate) method: &'static str,
    pub(crate) exchange: Option<&'a ExchangeHandle>,
}

impl Ended<'_> {
    /// The client, of a request that came by a server of Kit's.
    pub(crate) fn peer(&self) -> Option<&Address> {
        let peer = self.exchange?.about().peer();
        peer.map(|peer| &peer.remote)
    }
}
