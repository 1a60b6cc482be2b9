//! The start, in order; it can be called off at every step.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use kit_sync::{Abandoned, Cause, Ending, error_chain};
use kit_transport::{Phase, Server, Stage};
use tokio::time::Instant;

use crate::advertise;
use crate::budget::Plan;
use crate::builder::RegisterAtStart;
use crate::component::Component;
use crate::hook::HookStage;
use crate::registrations::{self, Opened};
use crate::run::{CalledOff, Run};
use crate::{Awaited, DrainProfile, Error, Event};

impl Run {
    /// `before_start` hooks → phases ascending → gate → running → registered → `after_start`
    /// hooks → ready.
    pub(crate) async fn start(&mut self) -> Result<(), CalledOff> {
        self.enter(Stage::Starting);
        for what in self.environment.unusable() {
            self.core.remark(what.clone());
        }
        let registries = self.open_registries()?;
        self.plan_stop(&registries);
        self.start_hooks(HookStage::BeforeStart).await?;
        let seen_by_others = registries.iter().any(|registry| registry.seen_by_others);
        self.start_components(seen_by_others).await?;
        self.enter(Stage::Running);
        self.lifecycle.healthy = true;
        self.publish_lifecycle();
        self.register(&registries).await?;
        self.start_hooks(HookStage::AfterStart).await?;
        if self.core.control.is_asked() {
            return Err(CalledOff);
        }
        self.core.open_ready();
        self.core.emit(Event::Ready {
            took: self.begun.elapsed(),
            stop: self.core.control.stopping(),
        });
        Ok(())
    }

    /// A failure of the start: it stops the app.
    fn fail(&self, error: Error) -> CalledOff {
        self.core.fail(error);
        CalledOff
    }

    /// What a hook or a start has come to: a failure, or a consequence when the parent that it
    /// watches, too, has ended first.
    fn judge(&mut self, ended: Result<(), Error>) -> Result<(), CalledOff> {
        let Err(error) = ended else { return Ok(()) };
        let parent = self.parent.as_ref().filter(|parent| parent.is_cancelled());
        let Some(parent) = parent else {
            return Err(self.fail(error));
        };
        let cause = parent.cause().unwrap_or(Cause::ParentEnded);
        self.core.control.ask(cause);
        self.core.remark(error_chain(&error));
        Err(CalledOff)
    }

    fn open_registries(&mut self) -> Result<Vec<Opened>, CalledOff> {
        let registries = std::mem::take(&mut self.registries);
        registrations::open(registries, &self.schemes, &self.scopes.registries)
            .map_err(|error| self.fail(error))
    }

    fn plan_stop(&mut self, registries: &[Opened]) {
        let seen_by_others = registries
            .iter()
            .filter(|registry| registry.seen_by_others)
            .count();
        let (profile, why) = DrainProfile::choose(&self.environment, seen_by_others);
        let drain_delay = *self
            .drain_delay
            .get_or_insert_with(|| profile.drain_delay());
        self.plan = Plan::new(self.stop_timeout, drain_delay, self.phases().len());
        self.lifecycle.drain_delay = self.plan.drain_delay;
        let worst_case = self.plan.to_string();
        self.core.emit(Event::Planned {
            profile,
            why,
            worst_case,
        });
    }

    /// In ascending order.
    fn phases(&self) -> Vec<Phase> {
        let mut phases: Vec<_> = self.servers.iter().map(|server| server.phase()).collect();
        phases.sort_unstable();
        phases.dedup();
        phases
    }

    async fn start_hooks(&mut self, stage: HookStage) -> Result<(), CalledOff> {
        for hook in self.take_hooks(stage) {
            if self.core.control.is_asked() {
                return Err(CalledOff);
            }
            let core = Arc::clone(&self.core);
            let mut hook = self.call_hook(hook);
            let (awaited, limit) = (hook.awaited(), hook.options.timeout);
            let limit = limit.unwrap_or(self.hook_timeout);
            let ended = core.awaits(|| awaited.clone(), async {
                tokio::select! {
                    biased;
                    ended = &mut hook.task => Ok(ended),
                    asked = core.control.asked() => Err(asked.cause),
                    () = tokio::time::sleep(limit) => {
                        core.fail(hook.timed_out(limit));
                        Err(Cause::Deadline)
                    }
                }
            });
            match ended.await {
                Ok(ended) => {
                    let ended = self.hook_ended(&hook, ended);
                    self.judge(ended)?;
                }
                Err(cause) => {
                    hook.scope.cancel(cause);
                    self.interrupted = Some(hook);
                    return Err(CalledOff);
                }
            }
        }
        Ok(())
    }

    // === components ===

    async fn start_components(&mut self, seen_by_others: bool) -> Result<(), CalledOff> {
        let latch = self.gate.latch("the start of every component");
        let jobs = Arc::new(AtomicUsize::new(self.servers.len()));
        for phase in self.phases() {
            self.start_phase(phase, &jobs).await?;
        }
        self.publish_endpoints(seen_by_others)?;
        latch.open();
        self.gate_opened().await
    }

    async fn gate_opened(&mut self) -> Result<(), CalledOff> {
        let (core, gate, limit) = (Arc::clone(&self.core), self.gate.clone(), self.gate_timeout);
        let latches = || gate.waiting_for().into_iter().map(str::to_owned).collect();
        let awaited = || Awaited::Latches { names: latches() };
        let opened = core.awaits(awaited, async {
            tokio::select! {
                biased;
                opened = gate.opened() => Some(opened),
                _ = core.control.asked() => None,
                () = tokio::time::sleep(limit) => {
                    let latches = latches();
                    core.fail(Error::GateTimeout { latches, limit });
                    None
                }
            }
        });
        match opened.await {
            Some(Ok(())) => Ok(()),
            Some(Err(abandoned)) => Err(self.not_ready(abandoned).await),
            None => Err(CalledOff),
        }
    }

    /// Starts the components of a phase at the same time and waits for all of them.
    async fn start_phase(
        &mut self,
        phase: Phase,
        jobs: &Arc<AtomicUsize>,
    ) -> Result<(), CalledOff> {
        if self.core.control.is_asked() {
            return Err(CalledOff);
        }
        let of_phase = |server: &&Arc<dyn Server>| server.phase() == phase;
        for server in self.servers.iter().filter(of_phase) {
            let name = server.name().to_owned();
            self.core.emit(Event::ComponentStarting { name, phase });
            self.components.push(Component::start(
                server,
                &self.core,
                &self.tree,
                self.lifecycle.clone(),
                &self.gate,
                &self.extensions,
                self.environment.inherited(),
            ));
        }
        let limit = Instant::now() + self.start_timeout;
        while let Some((index, ended)) = self.next_started(limit).await? {
            self.judge(ended)?;
            let component = &self.components[index];
            component.tell_started(&self.core);
            self.supervise(component, jobs);
        }
        Ok(())
    }

    /// The next component whose start has ended; `None` when all have.
    async fn next_started(
        &mut self,
        limit: Instant,
    ) -> Result<Option<(usize, Result<(), Error>)>, CalledOff> {
        if !self.components.iter().any(Component::is_starting) {
            return Ok(None);
        }
        let core = Arc::clone(&self.core);
        let starting = self.components.iter().filter(|part| part.is_starting());
        let starting: Vec<_> = starting.map(|part| part.name.clone()).collect();
        let awaited = || Awaited::Starts {
            components: starting.clone(),
        };
        let components = &mut self.components;
        let next = poll_fn(|cx| {
            for (index, component) in components.iter_mut().enumerate() {
                if let Poll::Ready(ended) = component.poll_start(cx) {
                    return Poll::Ready((index, ended));
                }
            }
            Poll::Pending
        });
        tokio::select! {
            biased;
            started = core.awaits(awaited, next) => Ok(Some(started)),
            _ = core.control.asked() => Err(CalledOff),
            () = tokio::time::sleep_until(limit) => {
                for component in &mut self.components {
                    if component.is_starting() {
                        let error = component.drop_start().await;
                        self.core.fail(error);
                    }
                }
                Err(CalledOff)
            }
        }
    }

    /// Sees the component's tasks end: a failure, unless the component is finite.
    fn supervise(&self, component: &Component, jobs: &Arc<AtomicUsize>) {
        let (core, jobs) = (Arc::clone(&self.core), Arc::clone(jobs));
        let (supervisor, death) = (component.supervisor.clone(), component.death.clone());
        let watch = async move {
            let task = supervisor.all_ended().await;
            if !death.is(&core, task) && jobs.fetch_sub(1, Ordering::AcqRel) == 1 {
                core.control
                    .ask(Cause::Requested("every job has ended".to_owned()));
            }
        };
        let name = component.name.clone();
        let watching = Ending::MayBeDropped;
        self.scopes.supervision.spawn_as(name, watching, watch);
    }

    /// A latch was given up: because of a task that failed, most likely, and then that is the
    /// failure.
    async fn not_ready(&mut self, abandoned: Abandoned) -> CalledOff {
        let failures = self.components.iter().map(|component| {
            let (death, supervisor) = (component.death.clone(), component.supervisor.clone());
            Box::pin(async move { (death, supervisor.first_failure().await) })
        });
        let mut failures: Vec<_> = failures.collect();
        let first = poll_fn(|cx| {
            let polled = failures.iter_mut().map(|failure| failure.as_mut().poll(cx));
            polled
                .into_iter()
                .find(Poll::is_ready)
                .unwrap_or(Poll::Pending)
        });
        // The latch is dropped with its task, a moment before the task's end is known.
        match tokio::time::timeout(Duration::from_millis(50), first).await {
            Ok((death, task)) => {
                death.is(&self.core, task);
                CalledOff
            }
            Err(_) => self.fail(Error::NotReady(abandoned)),
        }
    }

    // === being found ===

    fn publish_endpoints(&self, seen_by_others: bool) -> Result<(), CalledOff> {
        let started = self
            .components
            .iter()
            .filter_map(|component| component.started.as_ref());
        let listening: Vec<_> = started.flatten().cloned().collect();
        let advertised = self
            .advertise
            .endpoints(&listening, advertise::interfaces, seen_by_others)
            .map_err(|error| self.fail(error))?;
        if seen_by_others && !advertised.loopback.is_empty() {
            self.core.emit(Event::LoopbackAdvertised {
                endpoints: advertised.loopback,
                why: advertised.why.join("; "),
            });
        }
        self.core.info.set_endpoints(advertised.endpoints);
        Ok(())
    }

    async fn register(&mut self, registries: &[Opened]) -> Result<(), CalledOff> {
        if self.core.control.is_asked() {
            return Err(CalledOff);
        }
        let begun = Instant::now();
        self.registered = registrations::begin(registries, &self.scopes.registrations, &self.core)
            .map_err(|error| self.fail(error))?;
        if self.register_at_start == RegisterAtStart::Background {
            return Ok(());
        }
        for registered in &self.registered {
            let left = self.register_timeout.saturating_sub(begun.elapsed());
            let shown = tokio::select! {
                biased;
                shown = registered.first(left, &self.core) => shown,
                _ = self.core.control.asked() => return Err(CalledOff),
            };
            shown.map_err(|error| self.fail(error))?;
        }
        Ok(())
    }
}
