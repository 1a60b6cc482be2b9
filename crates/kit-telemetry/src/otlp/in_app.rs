//! The export as a part of an app.

use std::time::Duration;

use kit_app::{AppBuilder, LastStep};
use kit_transport::TraceSampling;

use super::flush::Flusher;
use super::resource::PresentResource;

/// The name of the resource and of the last step.
const NAME: &str = "traces";

/// The parts of an export that an app needs.
#[derive(Clone, Debug)]
pub(super) struct InApp {
    pub(super) flusher: Flusher,
    pub(super) resource: PresentResource,
    pub(super) sampling: TraceSampling,
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
            limit,
        } = self;
        let flush = move |time| {
            let left = flusher.shutdown(time);
            let lines = (!left.is_whole()).then(|| left.to_string());
            lines.into_iter().collect()
        };
        app.on_build(move |info| resource.identify(info))
            .resource(
                NAME,
                async move |_ctx| Ok(sampling),
                async |_: TraceSampling| Ok(()),
            )
            .last_step(LastStep::new(NAME, limit, flush))
    }
}
