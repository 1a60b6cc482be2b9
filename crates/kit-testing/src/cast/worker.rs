//! The work of a scripted worker: a consumer that respects its intake.

use std::future::pending;
use std::time::Duration;

use kit_app::BoxError;
use kit_transport::Context;
use tokio::time::sleep;

use super::acting::pause;
use super::{Log, live};
use crate::recording::{Act, Part, Point};
use crate::script::{Life, WorkerScript};

/// One run. A worker without a fault takes until it is cancelled and finishes what it has; one that fails drops
/// it.
pub(super) async fn run(
    script: WorkerScript,
    life: Life,
    index: usize,
    ctx: Context,
    log: Log,
) -> Result<(), BoxError> {
    let part = Part::Worker(index);
    let open = log.begin(part, Point::Run);
    let token = ctx.scope().token().clone();
    if script.takes_every == 0 {
        return live(life, &token, pending(), open).await;
    }
    if let Life::Drains(_) = life {
        consume(&script, part, &ctx, &log).await;
        return live(life, &token, pending(), open).await;
    }
    let consuming = async {
        consume(&script, part, &ctx, &log).await;
        pending::<()>().await;
    };
    tokio::select! {
        biased;
        ended = live(life, &token, pending(), open) => ended,
        () = consuming => Ok(()),
    }
}

/// Takes items while the intake is open, and finishes each. Ends when the scope is cancelled.
async fn consume(script: &WorkerScript, part: Part, ctx: &Context, log: &Log) {
    let (token, intake) = (ctx.scope().token(), ctx.intake());
    let every = Duration::from_millis(script.takes_every);
    loop {
        tokio::select! {
            biased;
            () = token.cancelled() => return,
            opened = intake.opened() => if opened.is_err() {
                return token.cancelled().await;
            },
        }
        tokio::select! {
            biased;
            () = token.cancelled() => return,
            () = intake.closed() => continue,
            () = sleep(every) => {}
        }
        let item = log.begin(part, Point::Item);
        pause(script.item_takes).await;
        item.end(Act::Ends);
    }
}
