//! The gate that keeps an app from running until its components and its latches are ready.

use std::time::Duration;

use kit_sync::{Gate, Latch};

use crate::component::Component;
use crate::core::Core;
use crate::run::called_off::CalledOff;
use crate::run::start_components::abandoned_by;
use crate::{Awaited, Error};

/// The gate of a start. Components and resources make latches on it.
pub(super) struct StartGate {
    gate: Gate,
    /// Keeps the gate shut while components start, and until a failure among them is recorded.
    components_start: Option<Latch>,
}

impl StartGate {
    pub(super) fn new() -> StartGate {
        let gate = Gate::new();
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
            Err(abandoned) => Err(abandoned_by(components, core, abandoned).await),
        }
    }
}
