//! Hooks and phases: the order in which an app starts and stops.
//!
//! ```text
//! cargo run -p hooks               all goes well; stop it with Ctrl-C
//! cargo run -p hooks -- broken     a hook fails: what has started is stopped, exit code 1
//! cargo run -p hooks -- slow       a hook takes ten minutes; Ctrl-C calls the start off, exit code 0
//! ```
//!
//! Each step prints a line that begins with `-`; the others are the log of the app, which has the same steps
//! with their times. Hooks run one after the other, in the order in which they were given. Components start
//! by phase, the lowest first, and stop the other way round. What a start has not reached is not touched by
//! the stop; the hooks of the stop run in any case.

use std::env;
use std::future::{Ready, ready};
use std::process::ExitCode;
use std::time::Duration;

use kit::{App, AppBuilder, BoxError, Context, HookContext, Listening, Phase, Server, async_trait};

fn step(what: &str) {
    println!("- {what}");
}

/// A component that only says when it starts and stops.
struct Part {
    name: &'static str,
    phase: Phase,
}

#[async_trait]
impl Server for Part {
    fn name(&self) -> &str {
        self.name
    }

    fn phase(&self) -> Phase {
        self.phase
    }

    async fn start(&self, _ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        step(&format!("start of {}, {}", self.name, self.phase));
        Ok(Vec::new())
    }

    async fn stop(&self) -> Result<(), BoxError> {
        step(&format!("stop of {}", self.name));
        Ok(())
    }
}

/// What goes wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Broken,
    Slow,
}

/// Runs before anything else has started. A hook of the start that may take long listens to its token, which
/// is cancelled when a stop is asked for; one that does not is waited for until the deadline.
async fn migrate(hook: HookContext, fault: Fault) -> Result<(), BoxError> {
    step("before the start: migrate");
    if fault == Fault::Slow {
        let migrating = tokio::time::sleep(Duration::from_secs(600));
        if hook
            .scope()
            .token()
            .run_until_cancelled(migrating)
            .await
            .is_none()
        {
            step("the migration is called off");
        }
    }
    Ok(())
}

/// Runs when every component has started. An error fails the start.
fn announce(fault: Fault) -> Ready<Result<(), BoxError>> {
    step("after the start: announce");
    ready(match fault {
        Fault::Broken => Err("the catalogue does not answer".into()),
        Fault::None | Fault::Slow => Ok(()),
    })
}

async fn open(_ctx: Context) -> Result<(), BoxError> {
    step("open the database");
    Ok(())
}

async fn close((): ()) -> Result<(), BoxError> {
    step("close the database");
    Ok(())
}

fn say(what: &str) -> Ready<Result<(), BoxError>> {
    step(what);
    ready(Ok(()))
}

fn service(fault: Fault) -> AppBuilder {
    let part = |name, phase| Part { name, phase };
    // The order of the components in the source does not count, but for two of one phase.
    App::builder("hooks")
        .server(part("shop", Phase::SERVERS))
        .server(part("cache", Phase::new(50)))
        .server(part("mailer", Phase::WORKERS))
        .resource("database", open, close)
        .before_start("check", |_hook| say("before the start: check the disk"))
        .before_start("migrate", move |hook| migrate(hook, fault))
        .after_start("announce", move |_hook| announce(fault))
        .before_stop("withdraw", |_hook| say("before the stop: withdraw"))
        .after_stop("farewell", |_hook| say("after the stop: farewell"))
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let fault = match env::args().nth(1).as_deref() {
        None => Fault::None,
        Some("broken") => Fault::Broken,
        Some("slow") => Fault::Slow,
        Some(other) => {
            eprintln!(
                "error: `{other}` is no fault to show: leave it out, or say `broken` or `slow`"
            );
            return ExitCode::from(2);
        }
    };
    service(fault).build().main()
}
