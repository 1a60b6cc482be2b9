//! A run of a script: one thread, a paused clock, and the interruption at its place.

mod build;
mod interrupter;

use std::sync::Arc;
use std::time::Duration;

use kit_app::RunError;
use tokio::runtime::{Builder, Handle};
use tokio::time::{sleep, timeout};

use crate::cast::Log;
use crate::recording::{End, Recording, Seen};
use crate::script::{Interruption, Script};
use interrupter::Interrupter;

/// Longer than any run: every app is stopped at its `ends_at`.
const NEVER: Duration = Duration::from_secs(3600);
/// A task that is alive this time after the end of a run is left behind.
const GONE: Duration = Duration::from_millis(100);

/// Runs a script with an interruption and records all of it. The same script with the same interruption gives the
/// same recording.
///
/// The run has a runtime to itself, of this thread alone and on a paused clock; nothing in it starts a thread
/// or reads the system's clock.
///
/// # Panics
/// When the system refuses a runtime.
#[must_use]
pub fn run(script: &Script, interruption: &Interruption) -> Recording {
    kit_sync::testing::seed_delays(script.options.seed);
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    let runtime = runtime.expect("the system gives a runtime");
    runtime.block_on(record(script, interruption))
}

async fn record(script: &Script, interruption: &Interruption) -> Recording {
    let log = Log::new();
    let interrupter = Arc::new(Interrupter::new(script, interruption, &log));
    let app = build::app(script, &log, &interrupter);
    log.follow(app.handle());
    interrupter.begin(app.handle());
    let running = async {
        tokio::select! {
            biased;
            ended = app.run() => ended,
            never = interrupter.interrupt(&script.options) => match never {},
        }
    };
    let ended = timeout(NEVER, running).await;
    log.add(Seen::Returned);
    let entries = log.entries();
    sleep(GONE).await;
    interrupter.release();
    log.release();
    Recording {
        entries,
        end: ended.ok().map(end),
        left: log.left(),
        left_tasks: Handle::current().metrics().num_alive_tasks(),
    }
}

fn end(ended: Result<kit_app::Report, RunError>) -> End {
    match ended {
        Ok(report) => End {
            error: None,
            report,
        },
        Err(error) => End {
            error: Some(kit_sync::error_chain(error.error())),
            report: error.report().clone(),
        },
    }
}
