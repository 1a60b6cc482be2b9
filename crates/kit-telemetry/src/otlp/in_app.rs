//! The export as a part of an app.

use std::time::Duration;

use kit_app::{AppBuilder, AppHandle, LastStep};
use kit_transport::TraceSampling;

use super::flush::Flusher;
use super::measure::Measures;
use super::resource::PresentResource;

/// The name of the resource and of the last step.
const NAME: &str = "otlp";

/// The parts of an export that an app needs.
#[derive(Clone, Debug)]
pub(super) struct InApp {
    pub(super) flusher: Flusher,
    pub(super) resource: PresentResource,
    pub(super) sampling: TraceSampling,
    pub(super) measures: Option<Measures>,
    /// For the flush at the end.
    pub(super) limit: Duration,
}

impl InApp {
    /// Gives the app its sampling and the export the app's identity once it is built, and ends the export with the app.
    pub(super) fn apply(self, app: AppBuilder) -> AppBuilder {
        let InApp {
            flusher,
            resource,
            sampling,
            measures,
            limit,
        } = self;
        let measured = measures.clone();
        let flush = move |time| {
            let spans = flusher.shutdown(time);
            if let Some(measured) = measured {
                measured.set_app(None);
            }
            let metrics = flusher.metrics();
            let spans = (!spans.is_whole()).then(|| spans.to_string());
            let metrics = (!metrics.is_whole()).then(|| metrics.to_string());
            spans.into_iter().chain(metrics).collect()
        };
        app.on_build(move |info| resource.identify(info))
            .resource(
                NAME,
                async move |ctx| {
                    if let Some(measures) = measures {
                        measures.set_app(ctx.app::<AppHandle>().cloned());
                    }
                    Ok(sampling)
                },
                async |_: TraceSampling| Ok(()),
            )
            .last_step(LastStep::new(NAME, limit, flush))
    }
}
