//! The command line; every flag is an environment variable, too.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use kit::registry::{self, ServiceInstance, ServiceName};

/// Greets, over HTTP and gRPC.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Address for HTTP; port 0 takes a free one
    #[arg(
        long,
        env = "KIT_HTTP",
        value_name = "ADDR",
        default_value = "127.0.0.1:8000"
    )]
    pub(crate) http: SocketAddr,

    /// Address for gRPC; port 0 takes a free one
    #[arg(
        long,
        env = "KIT_GRPC",
        value_name = "ADDR",
        default_value = "127.0.0.1:9000"
    )]
    pub(crate) grpc: SocketAddr,

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
    #[arg(long, env = "KIT_DRAIN_DELAY", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub(crate) drain_delay: Option<Duration>,

    /// How long a whole stop may take
    #[arg(long, env = "KIT_STOP_TIMEOUT", value_name = "TIME", default_value = "20s", value_parser = some_time)]
    pub(crate) stop_timeout: Duration,

    /// Form of the log; RUST_LOG filters it
    #[arg(long, env = "KIT_LOG", value_enum, default_value_t = Log::Pretty)]
    pub(crate) log: Log,
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

fn some_time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it has to be longer than nothing, such as 20s".to_owned()),
        Ok(time) => Ok(time),
        Err(error) => Err(error.to_string()),
    }
}
