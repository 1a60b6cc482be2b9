//! Where the tasks of a test's clients live.

use std::pin::Pin;

use hyper::rt::Executor;
use kit_sync::{Ending, Scope};

/// Spawns the connections of clients in a scope, in the runtime that asks.
#[derive(Clone, Debug)]
pub(super) struct ClientTasks(pub(super) Scope);

impl Executor<Pin<Box<dyn Future<Output = ()> + Send>>> for ClientTasks {
    fn execute(&self, connection: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.0
            .spawn_as("connection", Ending::MayBeDropped, connection);
    }
}
