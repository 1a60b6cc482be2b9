//! Checks in a start: their first results, and health that follows from them.

use std::sync::Arc;

use kit_sync::{Ending, Scope};
use kit_transport::{Lifecycle, Stage};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Awaited;
use crate::core::Core;
use crate::health;
use crate::run::Parts;
use crate::run::called_off::CalledOff;

/// The checks of an app that run, and whose results are not published yet.
pub(super) struct FirstChecks {
    core: Arc<Core>,
    /// Where what follows from results lives.
    scope: Scope,
}

impl FirstChecks {
    /// Every component accepts work from here on, and so every resource is there.
    pub(super) fn begin(parts: &mut Parts) -> FirstChecks {
        let checks = std::mem::take(&mut parts.settings.checks);
        let scope = parts.health.child("checks");
        health::run(checks, &parts.app, &parts.resources.values, &scope);
        FirstChecks {
            core: Arc::clone(parts.core()),
            scope: parts.health.clone(),
        }
    }

    /// Waits for the first results of required checks, whichever they are; each run has a limit.
    ///
    /// # Errors
    /// When a stop was asked for.
    pub(super) async fn results(&self) -> Result<(), CalledOff> {
        let core = &self.core;
        let awaited = || Awaited::Checks {
            names: core.health.pending(),
        };
        core.set_step_end(Instant::now() + core.health.first_results_limit());
        let checked = core.journal.awaits(awaited, async {
            tokio::select! {
                biased;
                () = core.health.first_results() => Ok(()),
                _ = core.control.asked() => Err(CalledOff::StopAsked),
            }
        });
        checked.await
    }

    /// The app runs: health is up from here on, when the checks say so.
    ///
    /// # Errors
    /// When a stop was asked for.
    pub(super) fn publish(self, lives: Vec<watch::Sender<Lifecycle>>) -> Result<(), CalledOff> {
        let core = self.core;
        core.control.step(|| core.enter(Stage::Running))?;
        for life in &lives {
            life.send_modify(|life| life.stage = Stage::Running);
        }
        health::publish_now(&core, &lives);
        let publishing = health::publish(core, lives);
        self.scope
            .spawn_as("publish health", Ending::MayBeDropped, publishing);
        Ok(())
    }
}
