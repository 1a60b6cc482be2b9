//! The export as a whole: its thread, and its parts in a subscriber and in an app.

use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use kit_app::AppBuilder;
use kit_transport::TraceSampling;
use tokio::runtime::Runtime;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use super::check::check;
use super::control::Control;
use super::exporter::{Exporter, Pace};
use super::flush::Flusher;
use super::in_app::InApp;
use super::measure::{Measures, MetricsExporter, MetricsTally};
use super::options::OtlpOptions;
use super::queue::Queue;
use super::record::{Recorder, become_exporter};
use super::resource::{PresentResource, Resource};
use super::tally::Tally;
use super::warnings::Warnings;
use super::wire::Collector;
use crate::Error;
use crate::metrics::Metrics;
use crate::redact::Redaction;

/// The lines of an app's lifecycle, each with a span that names the instance: they are of the log.
const LIFECYCLE: &str = "kit_app::log";

/// The export of traces and metrics. It owns the thread `kit otlp`, which ends with it.
///
/// Its drop is the [shutdown](Flusher::shutdown) of the export, unless an app has done that at the end of its
/// stop.
pub(crate) struct Otlp {
    queue: Queue,
    filter: Targets,
    sampling: TraceSampling,
    resource: PresentResource,
    flusher: Flusher,
    measures: Option<Measures>,
    redaction: Redaction,
    flush_timeout: Duration,
}

impl Otlp {
    /// Starts the export to the collector of the options, of a service with this name, and of these metrics unless
    /// the options switch that off; `None` without a collector, in which case nothing is there to record or to end.
    /// One that cannot be reached is no error.
    ///
    /// The thread gets what it runs: the exporter of spans, and that of metrics. The owner keeps the ends by which
    /// it asks and counts.
    ///
    /// # Errors
    /// All options that are of no use, or a thread that the system refuses.
    pub(crate) fn start(
        options: &OtlpOptions,
        service: &str,
        metrics: &Metrics,
        redaction: &Redaction,
    ) -> Result<Option<Otlp>, Error> {
        let Some(endpoint) = &options.endpoint else {
            return Ok(None);
        };
        let checked = check(options, endpoint).map_err(Error::Options)?;
        let resource = PresentResource::new(Resource::new(service, &options.resource));
        let measures = options.metrics.then(|| Measures::new(metrics.clone()));
        let tally = Arc::<Tally>::default();
        let control = Arc::<Control>::default();
        let (queue, outlet) = Queue::new(options.queue, options.queue_size, Arc::clone(&tally));
        let refused = |source| Error::Thread {
            thread: "kit otlp",
            source,
        };
        let runtime = runtime().map_err(refused)?;
        // Tasks of connections live there.
        let handle = runtime.handle().clone();
        let inside = handle.enter();
        let metrics = measures.clone().map(|measures| MetricsExporter {
            measures,
            warnings: Warnings::new("metrics", checked.metrics.authority.as_str()),
            collector: Collector::new(checked.metrics, options.timeout),
            resource: resource.clone(),
            interval: options.metrics_interval,
            control: Arc::default(),
            tally: Arc::<MetricsTally>::default(),
        });
        let asked = metrics
            .as_ref()
            .map(|metrics| (Arc::clone(&metrics.control), Arc::clone(&metrics.tally)));
        let flusher = Flusher::new(Arc::clone(&control), Arc::clone(&tally), asked);
        let pace = Pace {
            most: options.batch,
            interval: options.interval,
        };
        let collector = Collector::new(checked.target, options.timeout);
        let parts = (outlet, tally);
        let spans = Exporter::new(parts, collector, resource.clone(), pace, control);
        drop(inside);
        run(runtime, spans, metrics).map_err(refused)?;
        Ok(Some(Otlp {
            queue,
            filter: checked.filter,
            sampling: TraceSampling::share(options.sample_ratio),
            resource,
            flusher,
            measures,
            redaction: redaction.clone(),
            flush_timeout: options.flush_timeout,
        }))
    }

    /// The part of a subscriber that records spans.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let filter = self.filter.clone().with_target(LIFECYCLE, LevelFilter::OFF);
        Recorder::new(self.queue.clone(), self.sampling, self.redaction.clone()).with_filter(filter)
    }

    /// What an app does for its export.
    pub(crate) fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let in_app = InApp {
            flusher: self.flusher.clone(),
            resource: self.resource.clone(),
            sampling: self.sampling,
            measures: self.measures.clone(),
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
            .field("metrics", &self.flusher.metrics())
            .finish_non_exhaustive()
    }
}

/// The runtime of the export, which nothing else shares.
fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("kit otlp")
        .max_blocking_threads(2)
        .build()
}

/// Runs the exporters on a thread, at the same time.
///
/// The runtime is shut down without waiting for its blocking pool: a look-up of a name that hangs there
/// would hold the thread.
fn run(runtime: Runtime, spans: Exporter, metrics: Option<MetricsExporter>) -> io::Result<()> {
    let work = move || {
        // Also after a panic.
        let _ended = MarkEnded(spans.control());
        let _metrics_ended = metrics
            .as_ref()
            .map(|metrics| MarkEnded(Arc::clone(&metrics.control)));
        become_exporter();
        let metrics = async {
            if let Some(metrics) = metrics {
                metrics.run().await;
            }
        };
        runtime.block_on(async { tokio::join!(spans.run(), metrics) });
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("kit otlp".to_owned());
    // Its owner waits for the mark, which has a deadline, in place of a join, which has none.
    let _detached = thread.spawn(work)?;
    Ok(())
}

struct MarkEnded(Arc<Control>);

impl Drop for MarkEnded {
    fn drop(&mut self) {
        self.0.mark_ended();
    }
}
