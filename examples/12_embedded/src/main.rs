//! An app inside a program that has its own runtime and its own signals, and runs it more than once.
//!
//! ```text
//! cargo run -p embedded -- 127.0.0.1:8000
//! curl http://127.0.0.1:8000/
//! kill -HUP $(pgrep -x embedded)      the host stops the app, and runs another one
//! kill -TERM $(pgrep -x embedded)     the host ends, and the app with it
//! ```
//!
//! There is no `App::main`: the host makes the runtime, takes the signals and decides what they mean. It runs an app
//! by `App::run`, which ends no process, and reads its report. An app is run once, so each run is one that was built
//! anew; what lasts longer belongs to the host. The host asks one run to stop by its handle, and every one by
//! its token, which is the parent of all.

use std::env;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::{Router, routing::get};
use kit::sync::StopToken;
use kit::{App, BoxError, Cause, Listen, Report, RunError, Signals, http};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What outlives the apps that it runs.
struct Host {
    listen: Listen,
    visits: Arc<AtomicUsize>,
    /// Cancelled when the host ends.
    ends: StopToken,
    hang_up: Signal,
    terminate: Signal,
}

impl Host {
    fn new(listen: Listen) -> Result<Host, BoxError> {
        Ok(Host {
            listen,
            visits: Arc::default(),
            ends: StopToken::new(),
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    fn app(&self) -> App {
        let visits = Arc::clone(&self.visits);
        let visit = async move || format!("visit {}\n", visits.fetch_add(1, Relaxed) + 1);
        let routes = Router::new().route("/", get(visit));
        App::builder("embedded")
            .server(http::Server::new(self.listen.clone(), routes))
            .signals(Signals::none())
            .parent(self.ends.clone())
            .build()
    }

    /// Runs an app until it has stopped, and meanwhile takes the signals.
    async fn run_app(&mut self) -> Result<Report, RunError> {
        let app = self.app();
        let handle = app.handle();
        let mut run = pin!(app.run());
        loop {
            tokio::select! {
                ended = &mut run => return ended,
                _ = self.hang_up.recv() => {
                    handle.stop("the host runs another one");
                }
                _ = self.terminate.recv() => {
                    self.ends.cancel(Cause::Requested("the host ends".to_owned()));
                }
            }
        }
    }

    /// Runs one app after the other. One that fails does not end the process: here the host decides to.
    async fn run(mut self) -> Result<(), RunError> {
        for number in 1.. {
            let report = self.run_app().await?;
            println!("run {number}: {report}");
            if self.ends.is_cancelled() {
                break;
            }
        }
        println!("the host has had {} visits", self.visits.load(Relaxed));
        Ok(())
    }
}

fn main() -> Result<ExitCode, BoxError> {
    tracing_subscriber::fmt().with_ansi(false).init();
    let listen = env::args().nth(1);
    let listen = listen.as_deref().unwrap_or("127.0.0.1:8000").parse()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async { Ok::<_, BoxError>(Host::new(listen)?.run().await) });
    Ok(match ended? {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the app has failed: {error:#}");
            ExitCode::from(error.exit_code())
        }
    })
}
