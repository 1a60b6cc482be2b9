//! The settings: a file, variables and flags fill them.

mod rules;

use std::path::PathBuf;
use std::time::Duration;

use kit::layers::jwt::{Algorithm, Key, KeyError, Keys};
use kit::telemetry::{LogFormat, LogOptions, TelemetryOptions};
use kit::{Admin, AppOptions, Listen, RegistrationOptions, Timeouts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The settings of helloworld.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct HelloWorld {
    /// Address for HTTP, such as `:8000` for every interface; port 0 takes a free one.
    pub(crate) http: Listen,
    /// Address for gRPC, such as `:9000` for every interface; port 0 takes a free one.
    pub(crate) grpc: Listen,
    /// Address for probes, state and commands, such as `localhost:9090`.
    pub(crate) admin: Option<Listen>,
    /// How long a request may take, such as `2s`; without it, as long as its client says.
    #[serde(with = "kit::units::optional_duration")]
    #[schemars(with = "Option<kit::units::schema::Duration>")]
    pub(crate) request_timeout: Option<Duration>,
    /// File with a secret: callers must bring a JSON Web Token that is signed with it (HS256).
    pub(crate) secret_file: Option<PathBuf>,
    /// Lets the name `panic` break a handler, to see what its clients get.
    pub(crate) faults: bool,
    /// Registry to be found in, such as `memory:` or `etcd://127.0.0.1:2379`.
    #[schemars(extend("x-kit-url" = true))]
    pub(crate) registry: String,
    /// The service's name.
    pub(crate) name: String,
    /// The instance's id; without it, a UUID of version 7.
    pub(crate) id: Option<String>,
    /// How long requests are still taken after a stop began, such as `500ms`; without it, what the drain
    /// profile says.
    #[serde(with = "kit::units::optional_duration")]
    #[schemars(with = "Option<kit::units::schema::Duration>")]
    pub(crate) drain_delay: Option<Duration>,
    /// How long a whole stop may take.
    #[serde(with = "kit::units::duration")]
    #[schemars(with = "kit::units::schema::Duration")]
    pub(crate) stop_timeout: Duration,
    /// Form of the log, in place of that of `telemetry.log`.
    pub(crate) log: Option<LogFormat>,
    /// Collector of traces, such as `http://localhost:4317`, in place of that of `telemetry.traces`.
    #[schemars(extend("x-kit-url" = true))]
    pub(crate) traces: Option<String>,
    /// Log, traces and metrics. `RUST_LOG` counts more than the filter of the log in a file.
    pub(crate) telemetry: TelemetryOptions,
}

impl Default for HelloWorld {
    fn default() -> HelloWorld {
        HelloWorld {
            http: "127.0.0.1:8000".into(),
            grpc: "127.0.0.1:9000".into(),
            admin: None,
            request_timeout: None,
            secret_file: None,
            faults: false,
            registry: "memory:".to_owned(),
            name: "helloworld".to_owned(),
            id: None,
            drain_delay: None,
            stop_timeout: Duration::from_secs(20),
            log: None,
            traces: None,
            telemetry: TelemetryOptions {
                log: LogOptions {
                    format: LogFormat::Pretty,
                    ..LogOptions::default()
                },
                ..TelemetryOptions::default()
            },
        }
    }
}

impl HelloWorld {
    /// The keys that callers' tokens are signed with, if they need one.
    pub(crate) fn keys(&self) -> Result<Option<Keys>, KeyError> {
        let Some(file) = &self.secret_file else {
            return Ok(None);
        };
        let key = Key::secret_file(None, [Algorithm::Hs256], file)?;
        Keys::new([key]).map(Some)
    }

    /// The options of telemetry, with those that have a shorter name.
    pub(crate) fn telemetry(&self) -> TelemetryOptions {
        let mut options = self.telemetry.clone();
        options.log.format = self.log.unwrap_or(options.log.format);
        options.traces.endpoint = self.traces.clone().or(options.traces.endpoint);
        options
    }

    /// The options of Kit that these settings stand for.
    fn options(&self) -> AppOptions {
        AppOptions {
            id: self.id.clone(),
            drain_delay: self.drain_delay,
            admin: self.admin.clone().map(Admin::new),
            timeouts: Timeouts {
                stop: self.stop_timeout,
                ..Timeouts::default()
            },
            registration: RegistrationOptions {
                registries: vec![self.registry.clone()],
                ..RegistrationOptions::default()
            },
            ..AppOptions::default()
        }
    }
}
