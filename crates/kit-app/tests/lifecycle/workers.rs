//! Workers: their ends, by policy; restarts, and the scope of a run.

mod ends;
mod options;
mod restarts;
mod tasks;

use std::time::Duration;

use kit_app::{App, AppBuilder, BoxError, Policy, Restarts, Signals, WorkerOptions};
use kit_transport::Context;

use crate::fakes::{Record, app};

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum End {
    /// Too early, but well.
    Ok,
    Err,
    PanicInCall,
    PanicInFuture,
    /// When it is cancelled, well.
    Cancelled,
    /// When it is cancelled, with an error.
    CancelledErr,
    /// When the intake has ended, well.
    IntakeEnded,
}

impl End {
    /// The text of the failure.
    fn why(self) -> &'static str {
        match self {
            End::Ok => "it has ended, although a worker runs until it is cancelled",
            End::Err | End::CancelledErr => "no route",
            End::PanicInCall => "panicked: before its first poll",
            End::PanicInFuture => "panicked: bad luck",
            End::Cancelled | End::IntakeEnded => "no failure",
        }
    }

    /// The future of a run that ends so; a panic in the call happens here.
    pub(crate) fn run(self, ctx: Context) -> impl Future<Output = Result<(), BoxError>> + Send {
        assert!(self != End::PanicInCall, "before its first poll");
        async move {
            match self {
                End::Ok => {}
                End::Err => return Err("no route".into()),
                End::PanicInCall | End::PanicInFuture => panic!("bad luck"),
                End::Cancelled => ctx.scope().cancelled().await,
                End::CancelledErr => {
                    ctx.scope().cancelled().await;
                    return Err("no route".into());
                }
                End::IntakeEnded => {
                    ctx.intake().closed().await;
                    assert!(!ctx.scope().is_cancelled(), "before the drain");
                }
            }
            Ok(())
        }
    }
}

/// A worker whose runs end so, one after the other; the last one counts for all that follow.
pub(crate) fn runs<const N: usize>(
    ends: [End; N],
) -> impl FnMut(Context) -> std::pin::Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>
+ Send
+ 'static {
    let mut next = 0;
    move |ctx| {
        let end = ends[next.min(N - 1)];
        next += 1;
        Box::pin(end.run(ctx))
    }
}

fn options(policy: Policy) -> WorkerOptions {
    WorkerOptions::new().policy(policy)
}

/// Exact delays of 1, 2, 4 and 8 s.
pub(crate) fn restarts(limit: usize) -> Restarts {
    Restarts::at_most(limit, Duration::from_secs(60))
        .delays(Duration::from_secs(1), Duration::from_secs(8))
        .without_jitter()
}

/// An app that takes no signals and says each event as a line.
fn with_lines(change: impl FnOnce(AppBuilder) -> AppBuilder) -> (App, Record) {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.drain_delay(Duration::from_secs(1)).apply(change);
    (app.build(), record)
}

/// Asserts that an app with these options is refused before its first hook.
pub(crate) async fn refused(with: impl FnOnce(AppBuilder) -> AppBuilder, expected: &str) {
    let app = App::builder("app")
        .signals(Signals::none())
        .before_start("never", |_| async { unreachable!("the start is refused") })
        .apply(with)
        .build();
    let error = app.run().await.unwrap_err().to_string();
    assert!(error.starts_with(expected), "{error}");
}
