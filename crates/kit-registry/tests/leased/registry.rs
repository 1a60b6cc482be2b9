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
    shared: Arc<Shared>,
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
    /// When entries run out, and the entries, by id.
    leases: BTreeMap<String, (Instant, ServiceInstance)>,
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
        let leased = Leased {
            memory: Memory::new(),
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
        let discovery = self.memory.open(scope).discovery;
        Backend::new("leased", Arc::new(self.clone()), discovery)
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
        state.leases.values().next().map(|(_, shown)| shown.clone())
    }

    /// Takes everything away, as an operator's mistake would.
    pub(crate) async fn wipe(&self) {
        let leases = std::mem::take(&mut self.state().leases);
        for (_, (_, instance)) in leases {
            self.memory.deregister(&instance).await.expect("in memory");
        }
        self.shared.changes.send_replace(());
    }

    /// Has the entry again without a `register`, so that there is something to keep.
    pub(crate) fn restore(&self) {
        let entry = (Instant::now() + TTL, instance());
        self.state().leases.insert(entry.1.id().to_owned(), entry);
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
            let first = self.state().leases.values().map(|(at, _)| *at).min();
            let first = first.unwrap_or_else(|| Instant::now() + TTL);
            if timeout_at(first, changes.changed()).await.is_ok() {
                continue;
            }
            let now = Instant::now();
            let late = |(_, (at, _)): &(&String, &(Instant, ServiceInstance))| *at <= now;
            let late: Vec<_> = {
                let state = self.state();
                let late = state.leases.iter().filter(late);
                late.map(|(id, (_, instance))| (id.clone(), instance.clone()))
                    .collect()
            };
            for (id, instance) in late {
                self.state().leases.remove(&id);
                self.memory.deregister(&instance).await.expect("in memory");
            }
        }
    }

    async fn write(&self, instance: &ServiceInstance) {
        let entry = (Instant::now() + TTL, instance.clone());
        self.state().leases.insert(instance.id().to_owned(), entry);
        self.memory.register(instance).await.expect("in memory");
        self.shared.changes.send_replace(());
    }

    /// `false` when there is nothing to keep.
    fn beat(&self, id: &str) -> bool {
        match self.state().leases.get_mut(id) {
            Some((at, _)) => {
                *at = Instant::now() + TTL;
                true
            }
            None => false,
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
        while !self.state().leases.contains_key(id) {
            changes.changed().await.expect("the registry is there");
        }
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
            Answer::Yes => self.write(instance).await,
            Answer::Refuse => return Err(Error::refused(attempt, "leased", "too large")),
            Answer::Unreachable => return Err(Error::unreachable(attempt, "leased", "cut")),
            Answer::Never => pending().await,
            Answer::WriteOnly => {
                self.write(instance).await;
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
            _ => self.memory.hold(instance).await,
        }
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.called(Call::Deregister);
        self.state().leases.remove(instance.id());
        self.memory.deregister(instance).await
    }
}

/// Waits until a moment, for what must not happen before it.
pub(crate) async fn pass(time: Duration) {
    sleep_until(Instant::now() + time).await;
}
