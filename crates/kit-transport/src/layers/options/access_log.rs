//! The options of the access log.

use http::HeaderName;
use kit_units::WrongOption;

use crate::layers::access_log::{AccessLog, access_log};
use crate::layers::select::{Select, refuse_pattern};

/// The options of the access log that are data; [`layer`](Self::layer) makes the layer of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AccessLogOptions {
    /// The operations that are logged for debugging only: their names, such as `/ping`, or beginnings of
    /// names with a `*` at the end, such as `/internal/*`. Default: none.
    pub quiet: Vec<String>,
    /// Which share of the successes is logged: one in this number, and none for 0. Default: 1, all of them.
    pub sample_one_in: u64,
    /// Whether queries are logged, with secrets redacted. Default: no.
    pub query: bool,
    /// The headers of requests that are logged. Default: none.
    #[cfg_attr(feature = "serde", serde(with = "super::header::many"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub headers: Vec<HeaderName>,
    /// More headers whose values are redacted, besides those that carry secrets by their names. Default:
    /// none.
    #[cfg_attr(feature = "serde", serde(with = "super::header::many"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub redact_headers: Vec<HeaderName>,
    /// More parameters of queries whose values are redacted. Default: none.
    pub redact_parameters: Vec<String>,
}

impl Default for AccessLogOptions {
    fn default() -> AccessLogOptions {
        AccessLogOptions {
            quiet: Vec::new(),
            sample_one_in: 1,
            query: false,
            headers: Vec::new(),
            redact_headers: Vec::new(),
            redact_parameters: Vec::new(),
        }
    }
}

impl AccessLogOptions {
    /// The layer with these options.
    #[must_use]
    pub fn layer(&self) -> AccessLog {
        let mut layer = access_log().sample_one_in(self.sample_one_in);
        let quiet = self.quiet.iter().map(|name| Select::pattern(name));
        if let Some(quiet) = quiet.reduce(Select::or) {
            layer = layer.quiet(quiet);
        }
        if self.query {
            layer = layer.query();
        }
        for name in &self.headers {
            layer = layer.header(name.clone());
        }
        for name in &self.redact_headers {
            layer = layer.redact_header(name.clone());
        }
        for name in &self.redact_parameters {
            layer = layer.redact_parameter(name);
        }
        layer
    }

    /// Everything that is wrong: names that no operation has.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let quiet = self.quiet.iter().enumerate();
        let quiet = quiet.filter_map(|(index, name)| {
            let wrong = refuse_pattern("", name)?;
            Some(wrong.inside(&format!("quiet[{index}]")))
        });
        quiet.collect()
    }
}
