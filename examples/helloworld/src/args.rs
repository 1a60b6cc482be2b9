//! The command line; every flag is an environment variable, too, and an empty one is not set.

use std::env;
use std::time::Duration;

use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::{Arg, CommandFactory, FromArgMatches, Parser, ValueEnum};
use kit::Listen;
use kit::layers::jwt::{Algorithm, Key, Keys};
use kit::registry::{self, ServiceInstance, ServiceName};

/// Greets, over HTTP and gRPC.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Address for HTTP, such as :8000 for every interface; port 0 takes a free one
    #[arg(
        long,
        env = "KIT_HTTP",
        value_name = "ADDR",
        default_value = "127.0.0.1:8000"
    )]
    pub(crate) http: Listen,

    /// Address for gRPC, such as :9000 for every interface; port 0 takes a free one
    #[arg(
        long,
        env = "KIT_GRPC",
        value_name = "ADDR",
        default_value = "127.0.0.1:9000"
    )]
    pub(crate) grpc: Listen,

    /// Address for probes, state and commands, such as localhost:9090 [default: none]
    #[arg(long, env = "KIT_ADMIN", value_name = "ADDR")]
    pub(crate) admin: Option<Listen>,

    /// How long a request may take, such as 2s [default: as long as its client says]
    #[arg(long, env = "KIT_REQUEST_TIMEOUT", value_name = "TIME", value_parser = some_time)]
    pub(crate) request_timeout: Option<Duration>,

    /// File with a secret: callers must bring a JSON Web Token that is signed with it (HS256)
    #[arg(long, env = "KIT_SECRET_FILE", value_name = "FILE", value_parser = keys)]
    pub(crate) secret_file: Option<Keys>,

    /// Lets the name `panic` break a handler, to see what its clients get
    #[arg(long, env = "KIT_FAULTS")]
    pub(crate) faults: bool,

    /// Registry to be found in, such as memory: or etcd://127.0.0.1:2379
    #[arg(
        long,
        env = "KIT_REGISTRY",
        value_name = "URL",
        default_value = "memory:"
    )]
    pub(crate) registry: String,

    /// The service's name
    #[arg(long, env = "KIT_NAME", default_value = "helloworld")]
    pub(crate) name: ServiceName,

    /// The instance's id [default: a UUID of version 7]
    #[arg(long, env = "KIT_ID", value_parser = id)]
    pub(crate) id: Option<String>,

    /// How long requests are still taken after a stop began, such as 500ms [default: by the drain
    /// profile]
    #[arg(long, env = "KIT_DRAIN_DELAY", value_name = "TIME", value_parser = time)]
    pub(crate) drain_delay: Option<Duration>,

    /// How long a whole stop may take
    #[arg(long, env = "KIT_STOP_TIMEOUT", value_name = "TIME", default_value = "20s", value_parser = some_time)]
    pub(crate) stop_timeout: Duration,

    /// Form of the log; RUST_LOG filters it
    #[arg(long, env = "KIT_LOG", value_enum, default_value_t = Log::Pretty)]
    pub(crate) log: Log,
}

impl Args {
    /// The arguments of the process, which ends here when they ask for help or are wrong.
    pub(crate) fn of_process() -> Args {
        let command = Args::command();
        // Help names every variable, so it comes from the whole command.
        if let Err(help) = command.clone().try_get_matches()
            && help.kind() == ErrorKind::DisplayHelp
        {
            help.exit();
        }
        let mut command = command.mut_args(without_empty_variable);
        let matches = command.get_matches_mut();
        Args::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut command).exit())
    }
}

/// `KIT_REGISTRY=` stands in compose files for no registry.
fn without_empty_variable(arg: Arg) -> Arg {
    let is_empty = |name| env::var_os(name).is_some_and(|value| value.is_empty());
    if arg.get_env().is_some_and(is_empty) {
        return arg.env(Resettable::Reset);
    }
    arg
}

/// Form of the log.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Log {
    /// One line an event, for people
    Pretty,
    /// One JSON object an event, for machines
    Json,
}

fn id(text: &str) -> Result<String, registry::Error> {
    ServiceInstance::builder(text, "any").build()?;
    Ok(text.to_owned())
}

fn keys(path: &str) -> Result<Keys, String> {
    let key = Key::secret_file(None, [Algorithm::Hs256], path);
    let keys = key.and_then(|key| Keys::new([key]));
    // With the reason, which clap does not ask for.
    keys.map_err(|error| kit::sync::error_chain(&error))
}

fn time(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text);
    parsed.map_err(|error| format!("{error}; write a time such as 500ms or 20s"))
}

fn some_time(text: &str) -> Result<Duration, String> {
    match time(text)? {
        Duration::ZERO => Err("it has to be longer than nothing, such as 20s".to_owned()),
        time => Ok(time),
    }
}
