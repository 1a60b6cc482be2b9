//! How the time of an operation is taken.

use std::future::Future;
use std::time::Duration;

use clap::ValueEnum;
use tokio::runtime::{Builder, Runtime};

/// Everybody measures on this many.
const WORKERS: usize = 2;

/// Where the code that spawns runs.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Spawner {
    /// On the main thread: a spawned task is handed to the workers.
    BlockOn,
    /// In a task of the runtime, on one of the workers.
    Task,
}

/// How often, and from where.
pub(crate) struct Measure {
    pub(crate) count: u64,
    pub(crate) from: Spawner,
}

impl Measure {
    /// Nanoseconds for each operation. `run` does as many as it is told and says how long that
    /// took, which leaves it to prepare what is not measured; a tenth of them warms up.
    pub(crate) fn nanos<F>(&self, run: impl Fn(u64) -> F) -> f64
    where
        F: Future<Output = Duration> + Send + 'static,
    {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_time()
            .build()
            .expect("a runtime needs nothing but threads");
        self.drive(&runtime, run(self.count / 10));
        let took = self.drive(&runtime, run(self.count));
        took.as_nanos() as f64 / self.count as f64
    }

    fn drive<F>(&self, runtime: &Runtime, future: F) -> Duration
    where
        F: Future<Output = Duration> + Send + 'static,
    {
        match self.from {
            Spawner::BlockOn => runtime.block_on(future),
            Spawner::Task => runtime
                .block_on(runtime.spawn(future))
                .expect("no measured code panics"),
        }
    }
}

/// A runtime on one thread, for what is counted: nothing depends on who comes first.
pub(crate) fn single_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime needs nothing from outside")
}
