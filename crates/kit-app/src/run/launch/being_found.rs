//! How others come to find an app: the registries that are open, what they show, and when.

use std::sync::Arc;

use kit_registry::Reach;
use kit_sync::Ending;
use tokio::time::Instant;

use crate::component::Component;
use crate::registration::{self, Drains, Opened};
use crate::run::Parts;
use crate::run::called_off::CalledOff;
use crate::settings::RegisterAtStart;
use crate::{DrainProfile, Event, StopPlan};

/// The registries of an app that are open so far; none before [`open`](Self::open).
#[derive(Default)]
pub(super) struct BeingFound {
    registries: Vec<Opened>,
}

impl BeingFound {
    /// Opens the registries, and follows drains from here on: one can be asked for at any time, and what
    /// of it is possible is done.
    ///
    /// # Errors
    /// The first registry that cannot be opened.
    pub(super) fn open(&mut self, parts: &Parts) -> Result<(), CalledOff> {
        let (registries, schemes) = (&parts.settings.registries, &parts.settings.schemes);
        let scope = &parts.registration.connections;
        let cache = parts.settings.cache_dir.as_deref();
        self.registries = registration::open(registries, schemes, cache, scope)?;
        parts.core().registrations.set_open(&self.registries);
        let (profile, why) = self.drain_profile(parts);
        parts.core().emit(Event::Planned {
            profile,
            why,
            worst_case: self.plan(parts),
            orchestrator: parts.settings.environment().orchestrator(),
        });
        self.follow_drains(parts);
        Ok(())
    }

    fn follow_drains(&self, parts: &Parts) {
        let drains = Drains {
            core: Arc::clone(parts.core()),
            registries: self.registries.clone(),
            scope: parts.registration.registrations.clone(),
            drain_delay: self.plan(parts).wanted_drain_delay,
        };
        let scope = &parts.health;
        scope.spawn_as("drains", Ending::MayBeDropped, drains.follow());
    }

    /// The number of registries that other processes read.
    fn seen_by_others(&self) -> usize {
        let seen_by_others = |registry: &&Opened| registry.reach != Reach::Process;
        self.registries.iter().filter(seen_by_others).count()
    }

    /// The profile of the stop, and why it was chosen.
    fn drain_profile(&self, parts: &Parts) -> (DrainProfile, &'static str) {
        DrainProfile::choose(&parts.settings.environment(), self.seen_by_others())
    }

    /// The plan of a stop, as far as the registries are open.
    pub(super) fn plan(&self, parts: &Parts) -> StopPlan {
        let settings = &parts.settings;
        let drain_delay = settings.drain_delay;
        let drain_delay = drain_delay.unwrap_or_else(|| self.drain_profile(parts).0.drain_delay());
        let phases = settings.phases().len() + usize::from(parts.resources.is_any());
        let [last_steps, _] = settings.last_steps_limits();
        StopPlan::new(settings.stop_timeout, drain_delay, phases).with_last_steps(last_steps)
    }

    /// Publishes the endpoints of components that listen.
    ///
    /// # Errors
    /// When there is nothing that others could reach.
    pub(super) fn publish_endpoints(&self, parts: &Parts) -> Result<(), CalledOff> {
        let core = parts.core();
        let components = parts.components.iter();
        let listening = components.flat_map(Component::listening);
        let listening: Vec<_> = listening.cloned().collect();
        // On this machine loopback is as good as any other address.
        let is_near = |reach: Reach| matches!(reach, Reach::Process | Reach::Machine);
        let seen_elsewhere = !self
            .registries
            .iter()
            .all(|registry| is_near(registry.reach));
        let advertise = &parts.settings.advertise;
        let advertised =
            advertise.endpoints(&listening, registration::interfaces, seen_elsewhere)?;
        if seen_elsewhere && !advertised.loopback.is_empty() {
            core.emit(Event::LoopbackAdvertised {
                endpoints: advertised.loopback,
                why: advertised.why.join("; "),
            });
        }
        core.info.set_endpoints(advertised.endpoints);
        Ok(())
    }

    /// Begins to register, and waits until every registry shows the instance, if that is wanted.
    ///
    /// # Errors
    /// When one does not in time, and when a stop was asked for.
    pub(super) async fn register(&self, parts: &Parts) -> Result<(), CalledOff> {
        let (core, settings) = (parts.core(), &parts.settings);
        let begun = Instant::now();
        core.set_step_end(begun + settings.register_timeout);
        let (registrations, scope) = (&core.registrations, &parts.registration.registrations);
        registrations.begin(&self.registries, scope, &core.journal)?;
        if settings.register_at_start == RegisterAtStart::Background {
            return Ok(());
        }
        for registered in registrations.all() {
            let left = settings.register_timeout.saturating_sub(begun.elapsed());
            tokio::select! {
                biased;
                // It is taken away again, and the start goes on without it.
                _ = core.control.drain_asked() => return Ok(()),
                shown = registered.first(left, &core.journal) => match shown {
                    // A drain that was taken back meanwhile: another one comes in its place.
                    Err(_) if registered.is_withdrawn() => return Ok(()),
                    shown => shown?,
                },
                _ = core.control.asked() => return Err(CalledOff::StopAsked),
            }
        }
        Ok(())
    }
}
