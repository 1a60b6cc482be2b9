//! A run of a scripted worker: a consumer that respects its intake.

use std::future::pending;
use std::time::Duration;

use kit_app::BoxError;
use kit_transport::Context;
use tokio::time::sleep;

use super::acting::pause;
use super::latch::{HeldLatch, hold};
use super::{Log, live};
use crate::recording::{Act, Part, Point};
use crate::script::{LatchUse, Life};

/// How one run goes.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) part: Part,
    pub(super) life: Life,
    /// With 0 it has no queue.
    pub(super) takes_every: u64,
    pub(super) item_takes: u64,
    pub(super) latch: LatchUse,
}

impl Run {
    /// Runs, and does with its latch what the script says.
    pub(super) async fn run(self, ctx: Context, log: Log) -> Result<(), BoxError> {
        let latch = HeldLatch::take(self.latch, self.part, &ctx, &log);
        tokio::select! {
            biased;
            ended = self.work(&ctx, &log) => ended,
            never = hold(latch) => never,
        }
    }

    /// A worker without a fault takes until it is cancelled and finishes what it has; one that fails drops it.
    async fn work(self, ctx: &Context, log: &Log) -> Result<(), BoxError> {
        let open = log.begin(self.part, Point::Run);
        let token = ctx.scope().token().clone();
        if self.takes_every == 0 {
            return live(self.life, &token, pending(), open).await;
        }
        if let Life::Drains(_) = self.life {
            consume(&self, ctx, log).await;
            return live(self.life, &token, pending(), open).await;
        }
        let consuming = async {
            consume(&self, ctx, log).await;
            pending::<()>().await;
        };
        tokio::select! {
            biased;
            ended = live(self.life, &token, pending(), open) => ended,
            () = consuming => Ok(()),
        }
    }
}

/// Takes items while the intake is open, and finishes each. Ends when the scope is cancelled.
async fn consume(run: &Run, ctx: &Context, log: &Log) {
    let (token, intake) = (ctx.scope().token(), ctx.intake());
    let every = Duration::from_millis(run.takes_every);
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
        let item = log.begin(run.part, Point::Item);
        pause(run.item_takes).await;
        item.end(Act::Ends);
    }
}
