//! A registry whose entries run out, with the faults that tests ask for, on tokio's clock.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use kit_registry::{Backend, Error, LossReason, Memory, Registrar, ServiceInstance};
use kit_sync::Scope;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::instance;

pub(crate) const TTL: Duration = Duration::from_secs(3);

/// How `register` is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    Refuse,
    Unreachable,
    Never,
    /// It is written, and the answer never comes.
    WriteOnly,
}

/// Which promise is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Right,
    /// As it was once: only what is being watched is kept alive.
    BeatsInHold,
    /// `keep_alive` does not wait until there is something to keep.
    Hasty,
    /// Its own change is a loss to it.
    Jealous,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    KeepAlive,
    KeepAliveDropped,
    Register,
    Hold,
    Deregister,
}

/// Clones are the same registry.
#[derive(Clone)]
pub(crate) struct Leased {
    memory: Memory,
    /// The store as this view, which is an owner, writes it.
    view: Arc<dyn Registrar>,
    shared: Arc<Shared>,
}

/// An entry with its end.
struct Lease {
    ends: Instant,
    instance: ServiceInstance,
    view: Arc<dyn Registrar>,
}

struct Shared {
    manner: Manner,
    state: Mutex<State>,
    changes: watch::Sender<()>,
}

struct State {
    answer: Answer,
    /// Refused whatever the answer is.
    refused: Option<ServiceInstance>,
    calls: Vec<(Instant, Call)>,
    /// By id.
    leases: BTreeMap<String, Lease>,
}

impl Leased {
    /// A registry, which takes away what ran out with a task in `scope`.
    pub(crate) fn start(scope: &Scope, manner: Manner) -> Leased {
        let state = State {
            answer: Answer::Yes,
            refused: None,
            calls: Vec::new(),
            leases: BTreeMap::new(),
        };
        let memory = Memory::new();
        let leased = Leased {
            view: Arc::new(memory.clone()),
            memory,
            shared: Arc::new(Shared {
                manner,
                state: Mutex::new(state),
                changes: watch::Sender::new(()),
            }),
        };
        let reaper = leased.clone();
        let stop = scope.token().clone();
        scope.spawn("reaper", async move {
            stop.run_until_cancelled(reaper.reap()).await;
        });
        leased
    }

    pub(crate) fn open(&self, scope: &Scope) -> Backend {
        let memory = self.memory.open(scope);
        let leased = Leased {
            view: memory.registrar,
            ..self.clone()
        };
        Backend::new("leased", Arc::new(leased), memory.discovery)
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.state().answer = answer;
    }

    /// Takes every value but this one.
    pub(crate) fn refuse_only(&self, instance: &ServiceInstance) {
        let mut state = self.state();
        state.answer = Answer::Yes;
        state.refused = Some(instance.clone());
    }

    pub(crate) fn calls(&self) -> Vec<(Instant, Call)> {
        self.state().calls.clone()
    }

    pub(crate) fn count(&self, call: Call) -> usize {
        let state = self.state();
        state.calls.iter().filter(|(_, made)| *made == call).count()
    }

    /// The value that others see.
    pub(crate) fn shown(&self) -> Option<ServiceInstance> {
        let state = self.state();
        let lease = state.leases.values().next();
        lease.map(|lease| lease.instance.clone())
    }

    /// Takes everything away, as an operator's mistake would.
    pub(crate) async fn wipe(&self) {
        let leases = std::mem::take(&mut self.state().leases);
        for lease in leases.into_values() {
            lease.end().await;
        }
        self.shared.changes.send_replace(());
    }

    /// Has the entry again without a `register`, so that there is something to keep.
    pub(crate) fn restore(&self) {
        self.lease(&instance());
        self.shared.changes.send_replace(());
    }

    /// Returns after the next change of an entry.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.shared.changes.subscribe()
    }

    fn called(&self, call: Call) {
        self.state().calls.push((Instant::now(), call));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        kit_sync::lock(&self.shared.state)
    }

    async fn reap(self) {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            let first = self.state().leases.values().map(|lease| lease.ends).min();
            let first = first.unwrap_or_else(|| Instant::now() + TTL);
            if timeout_at(first, changes.changed()).await.is_ok() {
                continue;
            }
            let now = Instant::now();
            let late: Vec<_> = {
                let mut state = self.state();
                state
                    .leases
                    .extract_if(.., |_, lease| lease.ends <= now)
                    .collect()
            };
            for (_, lease) in late {
                lease.end().await;
            }
        }
    }

    fn lease(&self, instance: &ServiceInstance) {
        let lease = Lease {
            ends: Instant::now() + TTL,
            instance: instance.clone(),
            view: Arc::clone(&self.view),
        };
        self.state().leases.insert(instance.id().to_owned(), lease);
    }

    fn forget(&self, id: &str) {
        let leases = &mut self.state().leases;
        if leases.get(id).is_some_and(|lease| self.is_mine(lease)) {
            leases.remove(id);
        }
    }

    fn is_mine(&self, lease: &Lease) -> bool {
        Arc::ptr_eq(&lease.view, &self.view)
    }

    async fn write(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.view.register(instance).await?;
        self.lease(instance);
        self.shared.changes.send_replace(());
        Ok(())
    }

    /// `false` when there is nothing to keep.
    fn beat(&self, id: &str) -> bool {
        match self.state().leases.get_mut(id) {
            Some(lease) if self.is_mine(lease) => {
                lease.ends = Instant::now() + TTL;
                true
            }
            _ => false,
        }
    }

    async fn beats(&self, id: &str) -> LossReason {
        while self.beat(id) {
            sleep(TTL / 3).await;
        }
        LossReason::Expired
    }

    async fn exists(&self, id: &str) {
        let mut changes = self.changes();
        while !(self.state().leases.get(id)).is_some_and(|lease| self.is_mine(lease)) {
            changes.changed().await.expect("the registry is there");
        }
    }
}

impl Lease {
    async fn end(self) {
        let gone = self.view.deregister(&self.instance).await;
        gone.expect("in memory");
    }
}

/// Records that a `keep_alive` was dropped.
struct Dropped<'a>(&'a Leased);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.called(Call::KeepAliveDropped);
    }
}

#[async_trait]
impl Registrar for Leased {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.called(Call::Register);
        let answer = {
            let state = self.state();
            let is_refused = state.refused.as_ref() == Some(instance);
            if is_refused {
                Answer::Refuse
            } else {
                state.answer
            }
        };
        let attempt = format!("register {instance}");
        match answer {
            Answer::Yes => self.write(instance).await?,
            Answer::Refuse => return Err(Error::refused(attempt, "leased", "too large")),
            Answer::Unreachable => return Err(Error::unreachable(attempt, "leased", "cut")),
            Answer::Never => pending().await,
            Answer::WriteOnly => {
                self.write(instance).await?;
                pending::<()>().await;
            }
        }
        Ok(())
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        self.called(Call::KeepAlive);
        let _dropped = Dropped(self);
        match self.shared.manner {
            Manner::BeatsInHold => pending().await,
            Manner::Hasty => {}
            _ => self.exists(instance.id()).await,
        }
        self.beats(instance.id()).await
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        self.called(Call::Hold);
        match self.shared.manner {
            Manner::BeatsInHold => self.beats(instance.id()).await,
            Manner::Jealous if instance.metadata().contains_key("weight") => LossReason::Changed,
            _ => self.view.hold(instance).await,
        }
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.called(Call::Deregister);
        self.forget(instance.id());
        self.view.deregister(instance).await
    }
}

/// Waits until a moment, for what must not happen before it.
pub(crate) async fn pass(time: Duration) {
    sleep_until(Instant::now() + time).await;
}
