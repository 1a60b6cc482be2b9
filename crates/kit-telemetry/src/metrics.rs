//! Metrics in Prometheus' text form, at the admin server's `/metrics`.
//!
//! [`Telemetry::init`](crate::Telemetry::init) installs the recorder of the facade `metrics`, to which
//! `kit_transport::layers::metrics()` and the program record; its option gives an app the rest: the
//! page, and a worker for the upkeep of histograms. The process, the runtime and the app are read when the page
//! is asked for: nothing ticks for them. The [`catalogue()`] lists every metric of Kit.
//!
//! The page is made on the thread of the admin server and waits for nothing of the app's runtime.

mod app;
pub mod catalogue;
mod lifecycle;
mod limited;
mod options;
#[cfg_attr(not(target_os = "linux"), path = "metrics/no_process.rs")]
mod process;
mod runtime;
mod sample;
mod series;
mod servers;
mod text;
mod upkeep;

use std::fmt;
use std::sync::Arc;

use kit_app::{AdminAnswer, AdminRoute, AppBuilder, AppHandle, Policy, WorkerOptions};
use kit_transport::Phase;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

pub use catalogue::{Metric, MetricKind, catalogue};
pub use options::MetricsOptions;

use lifecycle::Lifecycle;
use limited::LimitedRecorder;
use runtime::Runtime;
use sample::Samples;
use series::SeriesLimit;
use upkeep::Upkeep;

use crate::{Error, WrongOption};

/// The name of the worker that does the upkeep.
const UPKEEP: &str = "metrics";

const TEXT_FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The metrics of a process.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Shared>);

struct Shared {
    recorded: PrometheusHandle,
    series: Arc<SeriesLimit>,
    lifecycle: Lifecycle,
    runtime: Runtime,
    options: MetricsOptions,
}

impl Metrics {
    /// Installs the recorder of this process, once and for all of its time.
    ///
    /// # Errors
    /// Options that are wrong, or a process that has a recorder already.
    pub(crate) fn install(options: &MetricsOptions) -> Result<Metrics, Error> {
        let (metrics, recorder) = Metrics::new(options)?;
        ::metrics::set_global_recorder(recorder).map_err(|_| Error::Recorder)?;
        Ok(metrics)
    }

    /// With a recorder that is not installed.
    fn new(options: &MetricsOptions) -> Result<(Metrics, LimitedRecorder), Error> {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&options.buckets)
            .map_err(|error| {
                let value = format!("{:?}", options.buckets);
                let wrong = WrongOption::new("metrics.buckets", value, error.to_string());
                Error::Options(vec![wrong])
            })?
            .build_recorder();
        let series = Arc::new(SeriesLimit::new(options.max_series));
        let metrics = Metrics(Arc::new(Shared {
            recorded: recorder.handle(),
            series: Arc::clone(&series),
            lifecycle: Lifecycle::default(),
            runtime: Runtime::default(),
            options: options.clone(),
        }));
        Ok((metrics, LimitedRecorder::new(recorder, series)))
    }

    /// What an app does for its metrics: the page `/metrics` of its admin server, the worker
    /// `metrics` for the upkeep of histograms, which keeps no app running, and an observer of its events.
    pub(crate) fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        let (observed, shown) = (self.clone(), self.clone());
        let upkeep = Upkeep {
            recorded: self.0.recorded.clone(),
            series: Arc::clone(&self.0.series),
            period: self.0.options.upkeep,
        };
        let about = "metrics, in Prometheus' text form";
        let page = AdminRoute::get("/metrics", about, move |request| {
            AdminAnswer::new(TEXT_FORM, shown.render(request.app()))
        });
        // It starts before what records and is drained after it. Its end is no reason for a stop.
        let options = WorkerOptions::new()
            .phase(Phase::RESOURCES)
            .policy(Policy::Ignore)
            .auxiliary();
        move |app| {
            app.admin_route(page)
                .worker_with(UPKEEP, options, move |ctx| upkeep.clone().run(ctx))
                .observer(move |stamped| {
                    observed.0.runtime.find(&stamped.event);
                    observed.0.lifecycle.observe(stamped);
                })
        }
    }

    /// The page: all recordings, and the process, the runtime and `app` as they are now.
    ///
    /// It takes short locks and waits for no task, so any thread may call it.
    fn render(&self, app: &AppHandle) -> String {
        let mut page = self.0.recorded.render();
        let mut samples = Samples::default();
        process::collect(&mut samples);
        self.0.runtime.collect(&mut samples);
        app::collect(app, &mut samples);
        servers::collect(app, &mut samples);
        self.0.lifecycle.collect(&mut samples);
        self.0.series.collect(&mut samples);
        text::write(&samples, &mut page);
        page
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics")
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
