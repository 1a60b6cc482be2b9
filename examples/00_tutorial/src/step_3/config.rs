//! The settings: a file, variables and flags fill them.

use std::path::PathBuf;

use kit::telemetry::TelemetryOptions;
use kit::{AppOptions, grpc, http};
use kit_config::{Broken, Rules};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Config {
    pub(crate) app: AppOptions,
    pub(crate) http: http::ServerOptions,
    pub(crate) grpc: grpc::ServerOptions,
    pub(crate) greeting: GreetingOptions,
    pub(crate) telemetry: TelemetryOptions,
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct GreetingOptions {
    /// What stands before the name.
    pub(crate) word: String,
    /// The most characters of a name.
    #[schemars(range(min = 1))]
    pub(crate) longest_name: usize,
    /// The file that says how many were greeted.
    pub(crate) book: PathBuf,
}

impl Default for GreetingOptions {
    fn default() -> GreetingOptions {
        GreetingOptions {
            word: "Hello".to_owned(),
            longest_name: 20,
            book: "greeted.txt".into(),
        }
    }
}

impl Rules for Config {
    fn check(&self, broken: &mut Broken) {
        broken.refuse_options("app", self.app.check());
        broken.refuse_options("http", self.http.check());
        broken.refuse_options("grpc", self.grpc.check());
        broken.refuse_options("telemetry", self.telemetry.check());
    }
}
