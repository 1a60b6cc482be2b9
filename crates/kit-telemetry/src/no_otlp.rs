//! In place of traces, in a build without them.

use kit_app::AppBuilder;
use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::Identity;

use crate::metrics::Metrics;
use crate::redact::Redaction;
use kit_units::WrongOption;

use crate::Error;

/// The options of traces: none, in a build without the feature `otlp`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OtlpOptions {}

pub(crate) fn wrong_options(_: &OtlpOptions) -> Vec<WrongOption> {
    Vec::new()
}

/// There is none.
#[derive(Debug)]
pub(crate) enum Otlp {}

impl Otlp {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the interface of the module with it"
    )]
    pub(crate) fn start(
        _: &OtlpOptions,
        _: &str,
        _: &Metrics,
        _: &Redaction,
    ) -> Result<Option<Otlp>, Error> {
        Ok(None)
    }

    pub(crate) fn layer(&self) -> Identity {
        match *self {}
    }

    pub(crate) fn option(&self) -> impl FnOnce(AppBuilder) -> AppBuilder + use<> {
        match *self {}
        #[expect(unreachable_code, reason = "there is none")]
        |app| app
    }
}
