//! The measurement of an operation's time.

use std::future::Future;
use std::time::Duration;

use clap::ValueEnum;
use tokio::runtime::{Builder, Runtime};

/// The place of the code that spawns.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Spawner {
    /// On the main thread: a spawned task is handed to the workers.
    BlockOn,
    /// In a task of the runtime, on one of the workers.
    Task,
    /// On the only thread, without warming up: for counts that are taken from outside.
    OneThread,
}

/// The number of operations, and the place of the code that spawns.
pub(crate) struct Measure {
    pub(crate) count: u64,
    pub(crate) from: Spawner,
}

impl Measure {
    /// Nanoseconds for each operation. `run` does the given number and says how long that
    /// took, which leaves it to prepare what is not measured; a tenth of them warms up.
    pub(crate) fn nanos<F>(&self, run: impl Fn(u64) -> F) -> f64
    where
        F: Future<Output = Duration> + Send + 'static,
    {
        let took = match self.from {
            Spawner::BlockOn => {
                let runtime = two_workers();
                runtime.block_on(run(self.count / 10));
                runtime.block_on(run(self.count))
            }
            Spawner::Task => {
                let runtime = two_workers();
                let drive = |future| runtime.block_on(runtime.spawn(future));
                drive(run(self.count / 10)).expect("no measured code panics");
                drive(run(self.count)).expect("no measured code panics")
            }
            Spawner::OneThread => one_thread().block_on(run(self.count)),
        };
        took.as_nanos() as f64 / self.count as f64
    }
}

fn two_workers() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime needs nothing but threads")
}

/// For counts: one thread, so that no order of threads changes them.
pub(crate) fn one_thread() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime needs nothing from outside")
}
