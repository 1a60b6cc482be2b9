//! The request for which a task runs.

use std::fmt;
use std::sync::Arc;

use ::http::HeaderMap;
use tokio::task::futures::TaskLocalFuture;
use tokio::time::Instant;

use super::facts::Facts;
use super::metadata_values::{Metadata, MetadataError};
use super::operations::{Operation, Protocol};
use super::request_id::id::RequestId;
use super::trace::context::TraceContext;

tokio::task_local! {
    static CURRENT: Arc<Facts>;
}

/// The request for which the present task runs, on a server with [layers](crate::layers): for clients,
/// which hand on what came with it.
///
/// It is there in layers and handlers, to the end of the handler's future. A task that a handler spawns,
/// and the body of a stream, do not have it by themselves: [`scope`](Self::scope) gives it to them.
///
/// ```
/// use kit_transport::layers::Current;
///
/// async fn audit() { /* … */ }
///
/// async fn handler(scope: kit_sync::Scope) {
///     let current = Current::get();
///     scope.spawn_value("audit", async move {
///         match current {
///             Some(current) => current.scope(audit()).await,
///             None => audit().await,
///         }
///     });
/// }
/// ```
#[derive(Clone)]
pub struct Current(Arc<Facts>);

impl Current {
    /// That of the present task; `None` if it runs for no request.
    #[must_use]
    pub fn get() -> Option<Current> {
        CURRENT.try_with(Arc::clone).ok().map(Current)
    }

    /// The protocol of the request.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.0.protocol()
    }

    /// What the request asks for.
    #[must_use]
    pub fn operation(&self) -> &Operation {
        self.0.operation()
    }

    /// The id of the request, inside [`request_id`](super::request_id()).
    #[must_use]
    pub fn request_id(&self) -> Option<&RequestId> {
        let named = self.0.trail().request_id.get()?;
        Some(&named.id)
    }

    /// The place of the request in a trace, inside [`trace`](super::trace()).
    #[must_use]
    pub fn trace(&self) -> Option<&TraceContext> {
        self.0.trail().trace.get()
    }

    /// When the answer has to be there, inside a [layer](super::deadline) that says so.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.time_left().deadline()
    }

    /// The values that came with the request; `None` outside of [`layers::metadata`](super::metadata()), which
    /// takes them in.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.0.travelling().received()
    }

    /// Adds a value for other servers: from now on [`propagate`](Self::propagate) hands it on, under any name,
    /// and before one of this name that came with the request.
    ///
    /// # Errors
    /// As for [`Metadata::with`].
    pub fn add_metadata(&self, name: &str, value: &str) -> Result<(), MetadataError> {
        self.0.travelling().add(name, value)
    }

    /// Adds to the head of a request to another server what goes on with this one:
    ///
    /// - the [id](super::request_id()) of the request, and its place in the [trace](super::trace());
    /// - the time that is left, as `grpc-timeout` and, where
    ///   [`DeadlineLayer::header`](super::DeadlineLayer::header) has named one, in that header as well;
    /// - the metadata that was [added](Self::add_metadata), and that which came with this request and goes
    ///   through the whole chain. A name that stands in the head already stays as it is.
    ///
    /// For the metadata of a gRPC call there is `grpc::propagate`.
    ///
    /// ```
    /// use axum::http::HeaderMap;
    /// use kit_transport::layers::Current;
    ///
    /// fn head() -> HeaderMap {
    ///     let mut headers = HeaderMap::new();
    ///     if let Some(current) = Current::get() {
    ///         current.propagate(&mut headers);
    ///     }
    ///     headers
    /// }
    /// # assert!(head().is_empty());
    /// ```
    pub fn propagate(&self, headers: &mut HeaderMap) {
        let trail = self.0.trail();
        if let Some(named) = trail.request_id.get() {
            named.write(headers);
        }
        if let Some(trace) = trail.trace.get() {
            trace.write(headers);
        }
        self.0.time_left().propagate(headers);
        self.0.travelling().propagate(headers);
    }

    /// Runs another future for this request.
    pub fn scope<F: Future>(self, future: F) -> impl Future<Output = F::Output> {
        run_for(self.0, future)
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current")
            .field("operation", self.operation())
            .finish_non_exhaustive()
    }
}

/// Runs a future for the request with these facts.
pub(super) fn run_for<F: Future>(facts: Arc<Facts>, future: F) -> TaskLocalFuture<Arc<Facts>, F> {
    CURRENT.scope(facts, future)
}

/// Calls a service for the request with these facts.
pub(super) fn call_for<T>(facts: &Arc<Facts>, call: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(Arc::clone(facts), call)
}
