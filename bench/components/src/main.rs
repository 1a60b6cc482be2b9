//! Many components under one lifecycle: `bench-components SIDE --workers 1000` starts that many, prints `ready` once
//! all of them run, and ends at a SIGTERM. `cargo xtask bench app` measures it from outside.
//!
//! All sides are in one binary and do the same: a worker waits for the stop, a server serves one route on a free port
//! of `127.0.0.1`. Each component counts itself in when it runs, and the one that is the last prints.

mod kit_side;
mod started;
mod subsystems;
mod tracker;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use clap::{Parser, ValueEnum};
use tokio::runtime::{Handle, Runtime};

use self::started::Started;

type Failed = Box<dyn Error + Send + Sync>;

/// For a whole stop, on all sides.
const STOP: Duration = Duration::from_secs(20);
/// From the end of the side's own `run` to the count of the tasks that are alive.
const AFTERWARDS: Duration = Duration::from_millis(100);

#[derive(Parser)]
#[command(about = "Starts components, prints `ready`, and ends at a SIGTERM")]
struct Arguments {
    /// What they are components of.
    side: Side,
    /// Tasks that wait for the stop.
    #[arg(long, default_value_t = 0)]
    workers: usize,
    /// HTTP servers, each on a free port; the address of the first one is printed.
    #[arg(long, default_value_t = 0)]
    servers: usize,
    /// Prints how many tasks of the runtime are alive a tenth of a second after the stop.
    #[arg(long)]
    count_tasks: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Side {
    /// Workers and servers of an `App`
    Kit,
    /// Subsystems of tokio-graceful-shutdown
    Subsystems,
    /// Tasks of a `TaskTracker` with a token, and a signal of tokio's
    Tracker,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-components: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failed> {
    let runtime = Runtime::new()?;
    runtime.block_on(async {
        match arguments.side {
            Side::Kit => kit_side::run(arguments).await?,
            Side::Subsystems => subsystems::run(arguments).await?,
            Side::Tracker => tracker::run(arguments).await?,
        }
        if arguments.count_tasks {
            tokio::time::sleep(AFTERWARDS).await;
            println!("alive={}", Handle::current().metrics().num_alive_tasks());
        }
        Ok(())
    })
}

impl Arguments {
    /// One for each component, and one for what starts them.
    fn started(&self) -> Started {
        Started::new(self.workers + self.servers + 1)
    }
}

/// As the client of the benchmarks expects it.
fn routes() -> Router {
    let answer = async || r#"{"message":"Hello kit"}"#;
    Router::new().route("/helloworld/kit", get(answer))
}
