//! The start of the components: phase by phase, the components of one phase at the same time.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use kit_sync::{Cause, Ending, Gate};
use kit_transport::{Context, Lifecycle, Phase, Server};
use tokio::time::{Instant, sleep_until};

use super::Parts;
use super::awaited_jobs::AwaitedJobs;
use super::called_off::CalledOff;
use crate::component::{Component, Supervision, TasksEnd};
use crate::{Awaited, Error, Event};

/// The components while they start.
pub(super) struct ComponentStarts<'a> {
    parts: &'a mut Parts,
    gate: &'a Gate,
    /// The app's life as components see it at first.
    lifecycle: Lifecycle,
    /// The number of components that are not done and keep the app running.
    undone: Arc<AtomicUsize>,
}

impl<'a> ComponentStarts<'a> {
    pub(super) fn new(
        parts: &'a mut Parts,
        gate: &'a Gate,
        lifecycle: Lifecycle,
    ) -> ComponentStarts<'a> {
        ComponentStarts {
            undone: Arc::new(AtomicUsize::new(parts.settings.keep_alive())),
            parts,
            gate,
            lifecycle,
        }
    }

    /// Phases in ascending order.
    pub(super) async fn run(&mut self) -> Result<(), CalledOff> {
        for phase in self.parts.settings.phases() {
            if self.parts.core().control.is_asked() {
                return Err(CalledOff::StopAsked);
            }
            self.start_phase(phase).await?;
        }
        Ok(())
    }

    /// Starts the components of a phase at the same time and waits for all of them.
    async fn start_phase(&mut self, phase: Phase) -> Result<(), CalledOff> {
        let core = Arc::clone(self.parts.core());
        let inherited = self.parts.settings.environment().inherited().clone();
        let Parts {
            settings,
            resources,
            components,
            tree,
            ..
        } = &mut *self.parts;
        let of_phase = |server: &&Arc<dyn Server>| server.phase() == phase;
        for server in settings.servers.iter().filter(of_phase) {
            let name = server.name().to_owned();
            core.emit(Event::ComponentStarting { name, phase });
            let (root, lifecycle) = (tree.scope(), self.lifecycle.clone());
            let equip = |context: Context, supervision: &Arc<Supervision>| {
                let mut values = resources.values.clone();
                values.insert_unlisted(Arc::clone(supervision));
                context
                    .with(self.gate.clone(), settings.extensions.clone())
                    .with_app_values(values)
                    .with_intake(core.intake.intake())
                    .with_inherited(inherited.clone())
            };
            components.push(Component::start(server, &core, root, lifecycle, equip));
        }
        let begun = Instant::now();
        let deadline = begun + settings.start_timeout;
        core.set_step_end(deadline);
        while let Some(ended) = self.next_started(phase, begun, deadline).await? {
            for (index, ended) in ended {
                ended.map_err(|error| CalledOff::by(error, &self.parts.settings, &core))?;
                let component = &self.parts.components[index];
                component.emit_started(&core);
                self.supervise(component);
            }
        }
        self.await_jobs(phase).await
    }

    /// Waits for the jobs of a phase that hold the next one back, each until its own limit. One that
    /// fails for good asks for the stop itself, before its end is seen; so each that has ended without
    /// a request to stop is done, or its failure is ignored.
    ///
    /// At its limit a job is left to the drain, like one that a stop interrupts.
    async fn await_jobs(&self, phase: Phase) -> Result<(), CalledOff> {
        let core = self.parts.core();
        let jobs = self.awaited_jobs(phase);
        let Some(last) = jobs.last_deadline() else {
            return Ok(());
        };
        core.set_step_end(last);
        let ended = core.journal.awaits(|| jobs.awaited(), async {
            tokio::select! {
                biased;
                _ = core.control.asked() => Err(CalledOff::StopAsked),
                () = jobs.all_ended() => Ok(()),
                errors = jobs.overdue() => Err(CalledOff::Failed(errors)),
            }
        });
        ended.await
    }

    fn awaited_jobs(&self, phase: Phase) -> AwaitedJobs {
        let hook_timeout = self.parts.settings.hook_timeout;
        AwaitedJobs::of(&self.parts.components, phase, hook_timeout)
    }

    /// The next components whose start has ended, by their places in the list: those that have at the same time,
    /// up to the first that has failed, because a thousand of them must not be a thousand looks at all. `None` when
    /// all have.
    /// At the deadline, every start that still runs is dropped. The limits of the jobs of the phase that have
    /// begun count beside it: a job that is overdue fails the start, and what still starts is left to the drain.
    async fn next_started(
        &mut self,
        phase: Phase,
        begun: Instant,
        deadline: Instant,
    ) -> Result<Option<Vec<(usize, Result<(), Error>)>>, CalledOff> {
        let core = Arc::clone(self.parts.core());
        let starting = self
            .parts
            .components
            .iter()
            .filter(|part| part.is_starting());
        let starting: Vec<_> = starting.map(|part| part.name.clone()).collect();
        if starting.is_empty() {
            return Ok(None);
        }
        let awaited = || Awaited::Starts {
            components: starting.clone(),
        };
        let jobs = self.awaited_jobs(phase);
        let components = &mut self.parts.components;
        let next = poll_fn(|cx| {
            let mut all = Vec::new();
            for (index, component) in components.iter_mut().enumerate() {
                if let Poll::Ready(ended) = component.poll_start(cx) {
                    let has_failed = ended.is_err();
                    all.push((index, ended));
                    if has_failed {
                        break;
                    }
                }
            }
            if all.is_empty() {
                return Poll::Pending;
            }
            Poll::Ready(all)
        });
        tokio::select! {
            biased;
            ended = core.journal.awaits_since(begun, awaited, next) => Ok(Some(ended)),
            _ = core.control.asked() => Err(CalledOff::StopAsked),
            errors = jobs.overdue() => Err(CalledOff::Failed(errors)),
            () = sleep_until(deadline) => {
                let mut errors = Vec::new();
                let starting = self.parts.components.iter_mut().filter(|part| part.is_starting());
                for component in starting {
                    errors.push(component.abort_start().await);
                }
                Err(CalledOff::Failed(errors))
            }
        }
    }

    /// Sees the component's tasks end: a failure, unless the component may end by itself. When
    /// every component was done that keeps the app running, and the start is complete, the app stops.
    fn supervise(&self, component: &Component) {
        let (core, undone) = (Arc::clone(self.parts.core()), Arc::clone(&self.undone));
        let tasks = Arc::clone(&component.supervision);
        let keeps_alive = component.keeps_alive();
        let watch = async move {
            let is_done = tasks.recorded_end().await == TasksEnd::Finished;
            let is_last = keeps_alive && is_done && undone.fetch_sub(1, Ordering::AcqRel) == 1;
            // A start that does not come to its end has a stop already.
            if is_last && core.ready().opened().await.is_ok() {
                let cause = Cause::Requested(
                    "every component is done that keeps the app running".to_owned(),
                );
                core.control.ask(cause);
            }
        };
        let name = component.name.clone();
        self.parts
            .supervision
            .spawn_as(name, Ending::MayBeDropped, watch);
    }
}
