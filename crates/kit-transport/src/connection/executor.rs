//! Where hyper's own tasks live.

use hyper::rt::Executor;
use kit_sync::Scope;

/// Runs HTTP/2 streams as members of the server's scope.
#[derive(Clone, Debug)]
pub(crate) struct ScopeExecutor(pub(crate) Scope);

impl<F> Executor<F> for ScopeExecutor
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        // A scope that refuses has ended, and so has the connection: dropping the stream resets it.
        drop(self.0.track(future));
    }
}
