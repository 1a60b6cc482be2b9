//! How a response learns that the server drains.

use std::fmt;
use std::sync::Arc;
#[cfg(feature = "ws")]
use std::task::{Context, Poll};

use kit_sync::Scope;

use crate::exchange::exchanges::Exchanges;
use crate::exchange::table::Key;

/// Tells a long-running response that the server drains: an extractor for axum, an extension of
/// every request.
///
/// A response whose handler asks is a *stream*: it is expected to end soon after it was told, and
/// being cut at the deadline is no failure. Every other running response is a *request*, which is
/// waited for, and whose cut makes the exit code 1.
///
/// ```
/// use kit_transport::Draining;
///
/// async fn next_or_goodbye(draining: Draining, next: impl Future<Output = String>) -> String {
///     tokio::select! {
///         next = next => next,
///         () = draining.draining() => "goodbye".to_owned(),
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Draining {
    exchanges: Arc<Exchanges>,
    key: Key,
}

impl Draining {
    pub(crate) fn new(exchanges: Arc<Exchanges>) -> Draining {
        let key = Key::none();
        Draining { exchanges, key }
    }

    pub(crate) fn set_key(&mut self, key: Key) {
        self.key = key;
    }

    #[cfg(feature = "http")]
    pub(crate) fn peer(&self) -> crate::Peer {
        let peer = self.exchanges.about.peer();
        peer.cloned()
            .expect("a request comes from a connection that is ready")
    }

    pub(crate) fn scope(&self) -> &Scope {
        self.exchanges.about.scope()
    }

    /// What has the socket of an upgraded connection is polled; gives `None` when the connection was
    /// killed and that has not looked at it.
    #[cfg(feature = "ws")]
    pub(crate) fn poll_upgraded<T>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        self.exchanges.leave_task_waker(cx);
        match poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.exchanges.orders.is_kill_unnoticed() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Resolves when the drain begins. Calling it makes this response a stream.
    ///
    /// # Cancel safety
    /// May be dropped and called again at any time.
    pub fn draining(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.exchanges.mark_stream(self.key);
        let token = self.scope().token().clone();
        async move { token.cancelled().await }
    }

    /// Whether the drain has begun. Asking this leaves the response what it is.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.scope().is_cancelled()
    }
}

impl fmt::Debug for Draining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draining")
            .field("is_draining", &self.is_draining())
            .finish_non_exhaustive()
    }
}
