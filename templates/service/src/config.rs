//! The settings: one struct, which a file, variables and flags fill. The comments of its fields are what
//! `--print-default-config` prints. In Kratos' layout this is `conf`.

{% if database -%}
use std::path::PathBuf;
{% endif -%}
use std::time::Duration;

use kit::layers::StandardOptions;
{%- if telemetry %}
use kit::telemetry::TelemetryOptions;
{%- endif %}
{%- if http and grpc %}
use kit::{AppOptions, RegistrationOptions, grpc, http};
{%- elsif http %}
use kit::{AppOptions, RegistrationOptions, http};
{%- else %}
use kit::{AppOptions, RegistrationOptions, grpc};
{%- endif %}
use kit_config::{Broken, Rules, Settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The service's name, in registries and in the log.
pub const NAME: &str = env!("CARGO_PKG_NAME");

/// Read if it is there; `--config` names others.
pub const FILE: &str = concat!("config/", env!("CARGO_PKG_NAME"), ".toml");

/// Where settings come from, beside the command line: the file, and variables such as
/// `{{ crate_name | shouty_snake_case }}__APP__TIMEOUTS__STOP=30s`.
pub fn sources() -> Settings<Config> {
    let settings = Settings::new().optional_file(FILE);
    settings.environment("{{ crate_name | shouty_snake_case }}")
}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The app: its registries, its admin server, and how long each stage may take.
    pub app: AppOptions,
{%- if http %}
    /// The HTTP server.
    pub http: http::ServerOptions,
{%- endif %}
{%- if grpc %}
    /// The gRPC server.
    pub grpc: grpc::ServerOptions,
{%- endif %}
    /// What happens at every request.
    pub layers: StandardOptions,
{%- if database %}
    /// The database.
    pub database: Database,
{%- endif %}
    /// The worker that sends greetings.
    pub outbox: Outbox,
{%- if telemetry %}
    /// The log, traces and metrics.
    pub telemetry: TelemetryOptions,
{%- endif %}
}

impl Default for Config {
    fn default() -> Config {
        let registration = RegistrationOptions {
{%- case registry %}
{%- when "memory" %}
            registries: vec!["memory:".to_owned()],
{%- when "local" %}
            registries: vec!["local:/tmp/registry".to_owned()],
{%- when "etcd" %}
            registries: vec!["etcd://127.0.0.1:2379".to_owned()],
            // A registry that is away is no reason to refuse clients that know the address.
            at_start: kit::RegisterAtStart::Background,
{%- when "consul" %}
            registries: vec!["consul://127.0.0.1:8500".to_owned()],
            // A registry that is away is no reason to refuse clients that know the address.
            at_start: kit::RegisterAtStart::Background,
{%- endcase %}
            ..RegistrationOptions::default()
        };
        Config {
            app: AppOptions {
                admin: Some("localhost:9090".into()),
                registration,
                ..AppOptions::default()
            },
{%- if http %}
            http: http::ServerOptions::default(),
{%- endif %}
{%- if grpc %}
            grpc: grpc::ServerOptions::default(),
{%- endif %}
            layers: StandardOptions::default(),
{%- if database %}
            database: Database::default(),
{%- endif %}
            outbox: Outbox::default(),
{%- if telemetry %}
            telemetry: TelemetryOptions::default(),
{%- endif %}
        }
    }
}

/// Everything that is wrong is found on the load, with its line.
impl Rules for Config {
    fn check(&self, broken: &mut Broken) {
        broken.refuse_options("app", self.app.check());
{%- if http %}
        broken.refuse_options("http", self.http.check());
{%- endif %}
{%- if grpc %}
        broken.refuse_options("grpc", self.grpc.check());
{%- endif %}
        broken.refuse_options("layers", self.layers.check());
{%- if telemetry %}
        broken.refuse_options("telemetry", self.telemetry.check());
{%- endif %}
        let never_looks = self.outbox.period.is_zero();
        broken.refuse_if(never_looks, "outbox.period", "has to be longer than 0s");
    }
}
{%- if database %}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Database {
    /// The file of the database, which is made if it is not there.
    pub file: PathBuf,
}

impl Default for Database {
    fn default() -> Database {
        let file = concat!(env!("CARGO_PKG_NAME"), ".db").into();
        Database { file }
    }
}
{%- endif %}

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Outbox {
    /// How long it rests when there is nothing to send.
    #[serde(with = "kit::units::duration")]
    #[schemars(with = "kit::units::schema::Duration")]
    pub period: Duration,
}

impl Default for Outbox {
    fn default() -> Outbox {
        let period = Duration::from_secs(1);
        Outbox { period }
    }
}
