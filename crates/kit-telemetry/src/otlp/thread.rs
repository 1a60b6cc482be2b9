//! The export as a whole: its thread, and the calls of its owner.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_transport::TraceSampling;
use tokio::time::Instant;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::{LookupSpan, Registry};

use super::check::{Checked, check};
use super::control::Control;
use super::error::{OtlpError, WrongOption};
use super::exporter::{Exporter, Pace};
use super::flushed::Flushed;
use super::options::OtlpOptions;
use super::queue::Queue;
use super::record::{Recorder, become_exporter};
use super::resource::{PresentResource, Resource};
use super::tally::Tally;
use super::wire::Collector;

/// The lines of an app's lifecycle, each with a span that names the instance: they are of the log.
const LIFECYCLE: &str = "kit_app::log";

/// The export of traces. It owns the thread `kit otlp`, which ends with it.
///
/// Dropping it without [`shutdown`](Self::shutdown) ends the export at once: spans that wait are lost.
pub struct Otlp {
    queue: Queue,
    filter: Targets,
    sampling: TraceSampling,
    resource: PresentResource,
    control: Arc<Control>,
    tally: Arc<Tally>,
}

impl Otlp {
    /// Starts the export to the collector of the options. It records nothing before it is
    /// [installed](Self::install), and a collector that cannot be reached is no error.
    ///
    /// # Errors
    /// [`OtlpError::Options`] with all options that are of no use, and `endpoint` among them when there is
    /// none; [`OtlpError::Thread`] when the system refuses the thread.
    pub fn start(options: &OtlpOptions, resource: Resource) -> Result<Otlp, OtlpError> {
        let Some(endpoint) = &options.endpoint else {
            return Err(OtlpError::Options(vec![WrongOption {
                field: "endpoint".to_owned(),
                value: "absent".to_owned(),
                expected: "a URL such as \"http://localhost:4317\"".to_owned(),
            }]));
        };
        let Checked { target, filter } = check(options, endpoint).map_err(OtlpError::Options)?;
        let resource = options
            .resource
            .iter()
            .fold(resource, |resource, (name, value)| {
                resource.attribute(name, value)
            });
        let resource = PresentResource::new(resource);
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
        Ok(Otlp {
            queue,
            filter,
            sampling: TraceSampling::share(options.sample_ratio),
            resource,
            control,
            tally,
        })
    }

    /// Installs the export as the process's only subscriber of `tracing`: for a program that logs by other
    /// means, or not at all.
    ///
    /// # Errors
    /// [`OtlpError::Installed`]: the process has a subscriber already.
    pub fn install(&self) -> Result<(), OtlpError> {
        let subscriber = Registry::default().with(self.layer());
        tracing::subscriber::set_global_default(subscriber).map_err(|_| OtlpError::Installed)
    }

    /// The part of a subscriber that records spans.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let filter = self.filter.clone().with_target(LIFECYCLE, LevelFilter::OFF);
        Recorder::new(self.queue.clone(), self.sampling).with_filter(filter)
    }

    /// Which traces that begin in this process are recorded. An app that has it among its values marks the
    /// same ones as *sampled* for its callees.
    #[must_use]
    pub fn sampling(&self) -> TraceSampling {
        self.sampling
    }

    /// Changes what the spans are of, as when the instance has got its id. Spans that have been sent keep
    /// what was known then.
    pub fn change_resource(&self, change: impl FnOnce(Resource) -> Resource) {
        self.resource.change(change);
    }

    /// The whereabouts of the spans that have ended by now.
    #[must_use]
    pub fn spans(&self) -> Flushed {
        self.tally.flushed()
    }

    /// Has all spans sent that have ended by now, and blocks until then, at most for `limit`. The export
    /// goes on. A collector that refuses ends the flush at once: its batch is sent again later.
    ///
    /// It needs no runtime, and is for plain threads: on a thread of a runtime it holds up the tasks there.
    pub fn flush(&self, limit: Duration) -> Flushed {
        let flush = self.control.ask_for_flush();
        self.control.wait_for_flush(flush, after(limit));
        self.tally.flushed()
    }

    /// [Flushes](Self::flush) and ends the thread, within `limit` in all. What could not be sent is
    /// `unfinished`; a thread that did not end in time ends at its next await.
    pub fn shutdown(&mut self, limit: Duration) -> Flushed {
        let deadline = after(limit);
        // The thread's own end is a matter of microseconds.
        let reserve = (limit / 10).min(Duration::from_millis(50));
        let flush = self.control.ask_for_flush();
        self.control
            .wait_for_flush(flush, deadline.checked_sub(reserve).unwrap_or(deadline));
        self.control.ask_for_stop();
        self.control.wait_for_end(deadline);
        self.tally.flushed()
    }
}

impl Drop for Otlp {
    fn drop(&mut self) {
        self.control.ask_for_stop();
    }
}

impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("sampling", &self.sampling)
            .field("spans", &self.spans())
            .finish_non_exhaustive()
    }
}

/// A limit too long for a clock is a year.
fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    Instant::now() + limit.min(YEAR)
}

/// Runs the exporter that `make` gives on a thread, with a runtime that nothing else shares.
///
/// The runtime is shut down without waiting for its blocking pool: a look-up of a name that hangs there
/// would hold the thread.
fn run(
    make: impl FnOnce() -> Exporter + Send + 'static,
    control: Arc<Control>,
) -> Result<(), OtlpError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_name("kit otlp")
        .max_blocking_threads(2)
        .build()
        .map_err(OtlpError::Thread)?;
    let work = move || {
        // Also after a panic.
        let _ended = MarkEnded(control);
        become_exporter();
        runtime.block_on(async { make().run().await });
        runtime.shutdown_background();
    };
    let thread = std::thread::Builder::new().name("kit otlp".to_owned());
    // Its owner waits for the mark, which has a deadline, in place of a join, which has none.
    let _detached = thread.spawn(work).map_err(OtlpError::Thread)?;
    Ok(())
}

struct MarkEnded(Arc<Control>);

impl Drop for MarkEnded {
    fn drop(&mut self) {
        self.0.mark_ended();
    }
}
