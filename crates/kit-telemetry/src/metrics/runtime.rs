//! tokio's runtime of the app.

use std::sync::Mutex;

use kit_app::Event;
use kit_transport::Stage;
use tokio::runtime::{Handle, RuntimeMetrics};

use super::catalogue::{RUNTIME_BUSY, RUNTIME_QUEUE_DEPTH, RUNTIME_TASKS, RUNTIME_WORKERS};
use super::sample::Samples;

/// The counters of the runtime, once the app runs in it.
#[derive(Default)]
pub(super) struct Runtime(Mutex<Option<RuntimeMetrics>>);

impl Runtime {
    /// Finds the runtime in which the app has begun: observers run inside of it.
    pub(super) fn find(&self, event: &Event) {
        if let Event::Entered {
            stage: Stage::Starting,
        } = event
            && let Ok(runtime) = Handle::try_current()
        {
            *kit_sync::lock(&self.0) = Some(runtime.metrics());
        }
    }

    /// Reads counters that the runtime's threads write: none of them is waited for.
    pub(super) fn collect(&self, samples: &mut Samples) {
        let Some(runtime) = kit_sync::lock(&self.0).clone() else {
            return;
        };
        samples.add_size(&RUNTIME_WORKERS, [], runtime.num_workers());
        samples.add_size(&RUNTIME_TASKS, [], runtime.num_alive_tasks());
        samples.add_size(&RUNTIME_QUEUE_DEPTH, [], runtime.global_queue_depth());
        #[cfg(target_has_atomic = "64")]
        for worker in 0..runtime.num_workers() {
            let busy = runtime.worker_total_busy_duration(worker).as_secs_f64();
            samples.add(&RUNTIME_BUSY, [worker.to_string()], busy);
        }
    }
}
