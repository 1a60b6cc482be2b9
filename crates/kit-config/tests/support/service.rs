//! Settings that hold the options of an app, of a server and of its layers.

use kit_app::AppOptions;
use kit_config::{Broken, Rules};
use kit_transport::http::ServerOptions;
use kit_transport::layers::StandardOptions;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Service {
    app: AppOptions,
    http: ServerOptions,
    layers: StandardOptions,
}

impl Rules for Service {
    fn check(&self, broken: &mut Broken) {
        broken.refuse_options("app", self.app.check());
        broken.refuse_options("http", self.http.check());
        broken.refuse_options("layers", self.layers.check());
    }
}
