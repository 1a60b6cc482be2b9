//! The gate that keeps an app from running until its components and its latches are ready.

use std::time::Duration;

use kit_sync::{Abandoned, Gate, Latch};
use tokio::time::Instant;

use crate::component::Component;
use crate::core::Core;
use crate::error::GivenUp;
use crate::run::called_off::CalledOff;
use crate::{Awaited, Error};

/// The gate of a start. Components and resources make latches on it.
pub(super) struct StartGate {
    gate: Gate,
    /// Keeps the gate shut while components start, and until a failure among them is recorded.
    components_start: Option<Latch>,
}

impl StartGate {
    pub(super) fn new(core: &Core) -> StartGate {
        let gate = core.latches.gate().clone();
        StartGate {
            components_start: Some(gate.latch("the start of every component")),
            gate,
        }
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Every component has started.
    pub(super) fn mark_started(&mut self) {
        let _: Option<()> = self.components_start.take().map(Latch::open);
    }

    /// Waits until every latch is open.
    ///
    /// # Errors
    /// When they are not within `limit`, when one was given up, and when a stop was asked for.
    pub(super) async fn opened(
        &self,
        components: &[Component],
        core: &Core,
        limit: Duration,
    ) -> Result<(), CalledOff> {
        let latches = || {
            let names = self.gate.waiting_for().into_iter();
            names.map(str::to_owned).collect()
        };
        let awaited = || Awaited::Latches { names: latches() };
        core.set_step_end(Instant::now() + limit);
        let opened = core.journal.awaits(awaited, async {
            tokio::select! {
                biased;
                opened = self.gate.opened() => Ok(opened),
                _ = core.control.asked() => Err(CalledOff::StopAsked),
                () = tokio::time::sleep(limit) => {
                    let latches = latches();
                    Err(Error::GateTimeout { latches, limit }.into())
                }
            }
        });
        match opened.await? {
            Ok(()) => Ok(()),
            Err(latch) => Err(given_up(latch, components, core).await),
        }
    }
}

/// How long the start waits for the reason when a latch was given up. The latch is dropped with its task or
/// with the run of a worker, a moment before the failure of either is known.
const REASON: Duration = Duration::from_millis(50);

/// The end of a start whose latch was given up. Its reason is a failure that asks for the stop itself, such
/// as that of a worker or of a component whose tasks have ended; or else the failure of the task that held
/// it, whose component goes on; or else nothing is known but the latch. It is named in each case.
async fn given_up(latch: Abandoned, components: &[Component], core: &Core) -> CalledOff {
    let task = tokio::select! {
        biased;
        _ = core.control.asked() => None,
        task = core.latches.failure() => Some(task),
        () = tokio::time::sleep(REASON) => None,
    };
    components.iter().for_each(Component::record_end_so_far);
    if core.control.is_asked() {
        core.journal.remark(latch.to_string());
        return CalledOff::StopAsked;
    }
    Error::NotReady(GivenUp::new(latch, task)).into()
}
