//! In place of metrics, in a build without them.

use kit_app::AppBuilder;
use serde::{Deserialize, Serialize};

use kit_units::WrongOption;

use crate::Error;

/// The options of metrics: none, in a build without the features `prometheus` and `otlp`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricsOptions {}

impl MetricsOptions {
    #[expect(clippy::unused_self, reason = "the interface of the module with them")]
    pub(crate) fn check(&self) -> Vec<WrongOption> {
        Vec::new()
    }
}

/// There are none.
#[derive(Debug)]
pub(crate) struct Metrics;

impl Metrics {
    pub(crate) fn new(_: &MetricsOptions) -> Metrics {
        Metrics
    }

    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the interface of the module with them"
    )]
    pub(crate) fn install(&self) -> Result<(), Error> {
        Ok(())
    }

    #[expect(clippy::unused_self, reason = "the interface of the module with them")]
    pub(crate) fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        |app| app
    }
}
