//! The request for which a task runs.

use std::cell::Cell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::HeaderMap;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::facts::Facts;
use super::metadata_values::{Metadata, MetadataError};
use super::operations::{Operation, Protocol};
use super::request_id::id::RequestId;
use super::trace::context::TraceContext;

thread_local! {
    /// That of the request which the thread works for now: each poll of its future sets it, and puts back
    /// what was there before.
    static CURRENT: Cell<Option<Arc<Facts>>> = const { Cell::new(None) };
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

/// Gives the ids of the request for which the present task runs, under the names that log lines have them by:
/// `request_id`, `trace_id` and `span_id`, as far as there are some. It is for logs, which have to be able to
/// name a request whose span their filter has taken away; other code has [`Current`].
///
/// ```
/// kit_transport::each_current_id(|name, id| println!("{name}={id}"));
/// ```
pub fn each_current_id(mut take: impl FnMut(&'static str, &dyn fmt::Display)) {
    let Some(current) = Current::get() else {
        return;
    };
    if let Some(id) = current.request_id() {
        take("request_id", &id.as_str());
    }
    if let Some(trace) = current.trace() {
        take("trace_id", &trace.trace_id());
        take("span_id", &trace.span_id());
    }
}

impl Current {
    /// That of the present task; `None` if it runs for no request.
    #[must_use]
    pub fn get() -> Option<Current> {
        let facts = CURRENT.try_with(|current| {
            let facts = current.take();
            current.set(facts.clone());
            facts
        });
        facts.ok().flatten().map(Current)
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
pub(super) fn run_for<F: Future>(facts: Arc<Facts>, future: F) -> RunFor<F> {
    let future = Some(future);
    RunFor { future, facts }
}

/// The thread works for one request until this is dropped.
pub(super) struct Entered {
    outside: Option<Arc<Facts>>,
}

/// From here on the thread works for the request with these facts.
///
/// A guard and no closure: what runs inside takes and gives large values, which a closure would copy.
pub(super) fn enter(facts: &Arc<Facts>) -> Entered {
    let entered = CURRENT.try_with(|current| current.replace(Some(Arc::clone(facts))));
    // A thread that ends has no request.
    let outside = entered.ok().flatten();
    Entered { outside }
}

impl Drop for Entered {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(|current| current.set(self.outside.take()));
    }
}

pin_project! {
    /// A future that is polled and dropped for one request.
    pub(super) struct RunFor<F> {
        // `None` when it has ended.
        #[pin]
        future: Option<F>,
        facts: Arc<Facts>,
    }

    impl<F> PinnedDrop for RunFor<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                let _entered = enter(this.facts);
                this.future.set(None);
            }
        }
    }
}

impl<F> RunFor<F> {
    /// One that has ended.
    pub(super) fn ended(facts: Arc<Facts>) -> RunFor<F> {
        let future = None;
        RunFor { future, facts }
    }

    pub(super) fn facts(&self) -> &Facts {
        &self.facts
    }
}

impl<F: Future> Future for RunFor<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _entered = enter(this.facts);
        let future = this.future.as_mut().as_pin_mut();
        let polled = future.expect("not polled after its end").poll(cx);
        if polled.is_ready() {
            this.future.set(None);
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// For which of these requests the thread works; `None` if for none.
    fn which(requests: &[&Arc<Facts>]) -> Option<usize> {
        let current = Current::get()?;
        requests
            .iter()
            .position(|facts| Arc::ptr_eq(facts, &current.0))
    }

    #[tokio::test]
    async fn a_request_inside_another_is_the_current_one_until_it_ends() {
        let (outer, inner) = (Arc::<Facts>::default(), Arc::<Facts>::default());
        let all = [&outer, &inner];
        let nested = run_for(Arc::clone(&inner), async {
            let before = which(&all);
            tokio::task::yield_now().await;
            (before, which(&all))
        });
        let seen = run_for(Arc::clone(&outer), async {
            let before = which(&all);
            let inside = nested.await;
            (before, inside, which(&all))
        });
        assert_eq!(seen.await, (Some(0), (Some(1), Some(1)), Some(0)));
        assert_eq!(which(&all), None);
    }

    /// Notes for which request it is dropped.
    struct Dropped<'a>(&'a Mutex<Vec<Option<usize>>>, &'a [&'a Arc<Facts>]);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            kit_sync::lock(self.0).push(which(self.1));
        }
    }

    #[tokio::test]
    async fn a_future_is_dropped_for_its_request_ended_or_not() {
        let facts = Arc::<Facts>::default();
        let (all, seen) = ([&facts], Mutex::default());
        let ends = run_for(Arc::clone(&facts), async {
            let _dropped = Dropped(&seen, &all);
        });
        ends.await;
        let dropped = Dropped(&seen, &all);
        // Given up before its end.
        let held = run_for(Arc::clone(&facts), async move {
            let _dropped = dropped;
            std::future::pending::<()>().await;
        });
        drop(held);
        assert_eq!(*kit_sync::lock(&seen), [Some(0), Some(0)]);
        assert_eq!(which(&all), None);
    }

    #[test]
    fn a_panic_puts_back_what_was_there_before() {
        let facts = Arc::<Facts>::default();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _entered = enter(&facts);
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(which(&[&facts]), None);
    }
}
