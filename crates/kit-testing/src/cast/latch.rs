//! A readiness latch in the hands of a part.

use std::future::pending;

use kit_sync::Latch;
use kit_transport::Context;

use super::acting::pause;
use super::{Log, Open};
use crate::recording::{Act, Part, Point};
use crate::script::LatchUse;

/// A latch, and what will be done with it. Dropped unopened, it is cut in the log.
pub(super) struct HeldLatch {
    latch: Latch,
    script: LatchUse,
    open: Open,
}

impl HeldLatch {
    /// Takes one, if the script says so.
    pub(super) fn take(
        script: LatchUse,
        part: Part,
        ctx: &Context,
        log: &Log,
    ) -> Option<HeldLatch> {
        if script == LatchUse::NoLatch {
            return None;
        }
        Some(HeldLatch {
            latch: ctx.latch("the cache"),
            script,
            open: log.begin(part, Point::Latch),
        })
    }

    fn open(self) {
        self.open.end(Act::Ends);
        self.latch.open();
    }
}

/// Does with the latch as its script says. Never ends.
pub(super) async fn hold<T>(held: Option<HeldLatch>) -> T {
    let Some(held) = held else {
        return pending().await;
    };
    match held.script {
        LatchUse::OpensAfter(millis) => {
            pause(millis).await;
            held.open();
        }
        LatchUse::GivesUpAfter(millis) => {
            pause(millis).await;
            drop(held);
        }
        // As long as its task lives.
        LatchUse::NeverOpens | LatchUse::NoLatch => {
            let _held = held;
            return pending().await;
        }
    }
    pending().await
}
