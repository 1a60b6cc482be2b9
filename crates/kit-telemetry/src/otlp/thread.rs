//! The export as a whole: its thread, and its parts in a subscriber and in an app.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_app::AppBuilder;
use kit_transport::TraceSampling;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::check::{Checked, check};
use super::control::Control;
use super::exporter::{Exporter, Pace};
use super::flush::Flusher;
use super::in_app::InApp;
use super::options::OtlpOptions;
use super::queue::Queue;
use super::record::{Recorder, become_exporter};
use super::resource::{PresentResource, Resource};
use super::tally::Tally;
use super::wire::Collector;
use crate::Error;

/// The lines of an app's lifecycle, each with a span that names the instance: they are of the log.
const LIFECYCLE: &str = "kit_app::log";

/// The export of traces. It owns the thread `kit otlp`, which ends with it.
///
/// Its drop is the [shutdown](Flusher::shutdown) of the export, unless an app has done that at the end of its
/// stop.
pub(crate) struct Otlp {
    queue: Queue,
    filter: Targets,
    sampling: TraceSampling,
    resource: PresentResource,
    flusher: Flusher,
    flush_timeout: Duration,
}

impl Otlp {
    /// Starts the export to the collector of the options, of a service with this name; `None` without a
    /// collector, in which case nothing is there to record or to end. One that cannot be reached is no error.
    ///
    /// # Errors
    /// All options that are of no use, or a thread that the system refuses.
    pub(crate) fn start(options: &OtlpOptions, service: &str) -> Result<Option<Otlp>, Error> {
        let Some(endpoint) = &options.endpoint else {
            return Ok(None);
        };
        let Checked { target, filter } = check(options, endpoint).map_err(Error::Options)?;
        let resource = PresentResource::new(Resource::new(service, &options.resource));
        let tally = Arc::<Tally>::default();
        let control = Arc::<Control>::default();
        let (queue, outlet) = Queue::new(options.queue, Arc::clone(&tally));
        let pace = Pace {
            most: options.batch,
            interval: options.interval,
        };
        let timeout = options.timeout;
        let parts = (resource.clone(), Arc::clone(&tally), Arc::clone(&control));
        let exporter = move || {
            let (resource, tally, control) = parts;
            let collector = Collector::new(target, timeout);
            Exporter::new((outlet, tally), collector, resource, pace, control)
        };
        run(exporter, Arc::clone(&control))?;
        Ok(Some(Otlp {
            queue,
            filter,
            sampling: TraceSampling::share(options.sample_ratio),
            resource,
            flusher: Flusher::new(control, tally),
            flush_timeout: options.flush_timeout,
        }))
    }

    /// The part of a subscriber that records spans.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let filter = self.filter.clone().with_target(LIFECYCLE, LevelFilter::OFF);
        Recorder::new(self.queue.clone(), self.sampling).with_filter(filter)
    }

    /// What an app does for its export.
    pub(crate) fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let in_app = InApp {
            flusher: self.flusher.clone(),
            resource: self.resource.clone(),
            sampling: self.sampling,
            limit: self.flush_timeout,
        };
        move |app| in_app.apply(app)
    }

    /// For plain threads that wait for the export.
    #[cfg(test)]
    pub(super) fn flusher(&self) -> &Flusher {
        &self.flusher
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.flusher.shutdown(self.flush_timeout);
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("sampling", &self.sampling)
            .field("spans", &self.flusher.spans())
            .finish_non_exhaustive()
    }
}

/// Runs the exporter that `make` gives on a thread, with a runtime that nothing else shares.
///
/// The runtime is shut down without waiting for its blocking pool: a look-up of a name that hangs there
/// would hold the thread.
fn run(
    make: impl FnOnce() -> Exporter + Send + 'static,
    control: Arc<Control>,
) -> Result<(), Error> {
    let refused = |source| Error::Thread {
        thread: "kit otlp",
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("kit otlp")
        .max_blocking_threads(2)
        .build()
        .map_err(refused)?;
    let work = move || {
        // Also after a panic.
        let _ended = MarkEnded(control);
        become_exporter();
        runtime.block_on(async { make().run().await });
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("kit otlp".to_owned());
    // Its owner waits for the mark, which has a deadline, in place of a join, which has none.
    let _detached = thread.spawn(work).map_err(refused)?;
    Ok(())
}

struct MarkEnded(Arc<Control>);

impl Drop for MarkEnded {
    fn drop(&mut self) {
        self.0.mark_ended();
    }
}
