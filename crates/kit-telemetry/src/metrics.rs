//! Metrics: in Prometheus' text form at the admin server's `/metrics`, with the feature `prometheus`, and over
//! OTLP, with the feature `otlp`.
//!
//! [`Telemetry::init`](crate::Telemetry::init) installs the recorder of the facade `metrics`, to which
//! `kit_transport::layers::metrics()` and the program record; its option gives an app the rest: the page, and a
//! worker that warns of metrics with too many series. The process, the runtime and the app are read when the page
//! is asked for, or an export is due: nothing else ticks for them. The [`catalogue()`] lists every metric of Kit.
//!
//! The page is made on the thread of the admin server and waits for nothing of the app's runtime.

mod app;
pub mod catalogue;
mod family;
mod histogram;
mod labels;
mod lifecycle;
mod options;
mod overflow;
#[cfg_attr(not(feature = "prometheus"), path = "metrics/no_page.rs")]
mod page;
#[cfg_attr(not(target_os = "linux"), path = "metrics/no_process.rs")]
mod process;
mod recorder;
mod runtime;
mod sample;
mod servers;
mod spelling;
mod store;
#[cfg(feature = "prometheus")]
mod text;
mod unit;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use kit_app::{AppBuilder, AppHandle, Policy, WorkerOptions};
use kit_transport::Phase;

pub use catalogue::{Metric, MetricKind, catalogue};
pub use options::MetricsOptions;
pub(crate) use sample::{Family, Reading, Sample, Samples};

use lifecycle::Lifecycle;
use recorder::StoreRecorder;
use runtime::Runtime;
use store::Store;

use crate::Error;

/// The name of the worker that warns.
const WATCH: &str = "metrics";

/// The metrics of a process.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Shared>);

struct Shared {
    recorded: Arc<Store>,
    lifecycle: Lifecycle,
    runtime: Runtime,
    /// When counting began.
    since: SystemTime,
    options: MetricsOptions,
}

impl Metrics {
    /// Of recordings of which there are none before it is [installed](Self::install).
    pub(crate) fn new(options: &MetricsOptions) -> Metrics {
        Metrics(Arc::new(Shared {
            recorded: Arc::new(Store::new(options.max_series, &options.buckets)),
            lifecycle: Lifecycle::default(),
            runtime: Runtime::default(),
            since: SystemTime::now(),
            options: options.clone(),
        }))
    }

    /// Installs the recorder of this process, once and for all of its time.
    ///
    /// # Errors
    /// The process has a recorder already.
    pub(crate) fn install(&self) -> Result<(), Error> {
        ::metrics::set_global_recorder(self.recorder()).map_err(|_| Error::Recorder)
    }

    pub(crate) fn recorder(&self) -> impl ::metrics::Recorder + use<> {
        StoreRecorder(Arc::clone(&self.0.recorded))
    }

    /// What an app does for its metrics: the page `/metrics` of its admin server, with the feature `prometheus`;
    /// the worker `metrics`, which warns of metrics that have come to their limit of series and keeps no app
    /// running; and an observer of its events.
    pub(crate) fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let (observed, shown) = (self.clone(), self.clone());
        let watched = Arc::clone(&self.0.recorded);
        let route = page::route(move |app| shown.read(Some(app)));
        // It starts before what records and is drained after it. Its end is no reason for a stop.
        let options = WorkerOptions::new()
            .phase(Phase::RESOURCES)
            .policy(Policy::Ignore)
            .auxiliary();
        move |app| {
            let app = app
                .worker_with(WATCH, options, move |ctx| {
                    overflow::watch(Arc::clone(&watched), ctx)
                })
                .observer(move |stamped| {
                    observed.0.runtime.find(&stamped.event);
                    observed.0.lifecycle.observe(stamped);
                });
            route.into_iter().fold(app, AppBuilder::admin_route)
        }
    }

    /// All values as they are now; without an app, those that need none.
    ///
    /// It takes short locks and waits for no task, so any thread may call it.
    pub(crate) fn read(&self, app: Option<&AppHandle>) -> Samples {
        let mut samples = Samples::default();
        self.0.recorded.collect(&mut samples);
        process::collect(&mut samples);
        self.0.runtime.collect(&mut samples);
        if let Some(app) = app {
            app::collect(app, &mut samples);
            servers::collect(app, &mut samples);
        }
        self.0.lifecycle.collect(&mut samples);
        self.0.recorded.collect_overflows(&mut samples);
        samples
    }

    /// When counting began.
    pub(crate) fn since(&self) -> SystemTime {
        self.0.since
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "prometheus"))]
mod tests;

#[cfg(all(test, feature = "prometheus"))]
mod odd_names;
