//! The settings: a file, variables and flags fill them.

use std::path::PathBuf;
use std::time::Duration;

use kit::layers::jwt::{Algorithm, Key, KeyError, Keys};
use kit::registry::ServiceName;
use kit::telemetry::{LogFormat, LogOptions, TelemetryOptions};
use kit::units::WrongOption;
use kit::{Admin, AppOptions, Listen, RegistrationOptions, Timeouts};
use kit_config::{Broken, Rules};
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

    /// Refuses an address that two servers would listen at.
    fn refuse_one_address(&self, broken: &mut Broken) {
        let (http, grpc) = (("http", &self.http), ("grpc", &self.grpc));
        let admin = self.admin.iter().map(|admin| ("admin", admin));
        let pairs = admin.flat_map(|admin| [(admin, http), (admin, grpc)]);
        for ((key, listen), (other, taken)) in pairs.chain([(grpc, http)]) {
            let message =
                format!("is {listen}, where `{other}` ({taken}) is: it has to be another place");
            broken.refuse_if(listen.has_place_of(taken), [key, other], message);
        }
    }

    /// The options of Kit that these settings stand for, of which the start refuses what is wrong.
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

impl Rules for HelloWorld {
    fn check(&self, broken: &mut Broken) {
        let options = self.options().check().into_iter();
        broken.refuse_options("", options.map(as_written));
        broken.refuse_options("http", self.http.check());
        broken.refuse_options("grpc", self.grpc.check());
        if self.request_timeout == Some(Duration::ZERO) {
            let message =
                "is 0s: it has to be longer than 0s; leave it out for the limits of clients";
            broken.refuse("request_timeout", message);
        }
        if let Some(delay) = self.drain_delay.filter(|delay| *delay > self.stop_timeout) {
            let [delay, stop] = [delay, self.stop_timeout].map(kit::units::format_duration);
            let message = format!("is {delay}: it has to be at most {stop}, the `stop_timeout`");
            broken.refuse(["drain_delay", "stop_timeout"], message);
        }
        self.refuse_one_address(broken);
        if let Err(error) = self.name.parse::<ServiceName>() {
            broken.refuse("name", error.to_string());
        }
        if let Err(error) = self.keys() {
            broken.refuse("secret_file", kit::sync::error_chain(&error));
        }
        for wrong in self.telemetry().check() {
            let wrong = match wrong.key() {
                "traces.endpoint" if self.traces.is_some() => wrong.named("traces"),
                _ => wrong.inside("telemetry"),
            };
            broken.refuse_options("", [wrong]);
        }
    }
}

/// A mistake in an option of Kit, at the setting that stands for the option.
fn as_written(wrong: WrongOption) -> WrongOption {
    let key = match wrong.key() {
        "timeouts.stop" => "stop_timeout".to_owned(),
        "registration.registries[0]" => "registry".to_owned(),
        // The setting is the address itself.
        key => key.replacen("admin.listen", "admin", 1),
    };
    wrong.named(key)
}
