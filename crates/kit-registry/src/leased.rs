//! A registrar for a registry whose entries run out, from three calls on one entry.

use std::collections::HashMap;
use std::fmt;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::{Instant, sleep};

use crate::{Error, LossReason, Registrar, ServiceInstance};

/// For a backend: the calls on one entry of a registry whose entries run out. [`LeasedRegistrar`] makes a
/// [`Registrar`] of them, whose promises are kept by both.
///
/// Each call may be dropped at any await but [`remove`](Self::remove), and is made one at a time for an
/// instance, but for [`prolong`](Self::prolong), which runs beside [`write`](Self::write) and
/// [`hold`](Self::hold).
#[async_trait]
pub trait Entries: Send + Sync + 'static {
    /// Makes the registry show `instance` for the whole time to live.
    ///
    /// The first write of a process takes the id from another one; `is_first` holds until a write has
    /// succeeded. A later write leaves the entry of another living process as it is.
    ///
    /// # Errors
    /// [`Error::Lost`] with [`LossReason::TakenOver`] for the entry of another process; others when the
    /// registry does not confirm the write. Then the value before it stays.
    async fn write(&self, instance: &ServiceInstance, is_first: bool) -> Result<(), Error>;

    /// Lets the entry stay for the whole time to live again. Only the name and id of `instance` count.
    ///
    /// # Errors
    /// [`Error::Lost`] when it has run out or belongs to another process; others when that is not known.
    async fn prolong(&self, instance: &ServiceInstance) -> Result<(), Error>;

    /// Watches the entry, and returns why it is not there any more, or does not have the value that was
    /// written last; for a registry that tells of changes. Never writes. Default: it never returns, and
    /// the next [`prolong`](Self::prolong) sees the end of the entry.
    async fn hold(&self, _instance: &ServiceInstance) -> LossReason {
        pending().await
    }

    /// Takes the entry away, unless it belongs to another process. After `Ok`, no write that is still on
    /// its way can bring it back.
    ///
    /// # Errors
    /// When the registry does not confirm it.
    async fn remove(&self, instance: &ServiceInstance) -> Result<(), Error>;
}

/// For a backend: a [`Registrar`] of a registry whose entries run out after a time to live.
///
/// It knows what was written, notes that before it is sent, and prolongs an entry three times in its time
/// to live, from [`keep_alive`](Registrar::keep_alive). A failure is repeated four times as often; two
/// thirds of the time after the last success the entry counts as [`LossReason::Unreachable`]. An entry that
/// has ended, or that another process has taken, is not prolonged until it is written again: the next beat
/// sees that, or at once [`Entries::hold`]. It spawns nothing.
///
/// The calls of [`Entries`] are to end by themselves when the registry gives no answer, best within a third
/// of the time to live.
pub struct LeasedRegistrar<E> {
    entries: Arc<E>,
    ttl: Duration,
    /// By `name/id`: the instances for which a request may have been sent.
    claims: Mutex<HashMap<String, Claim>>,
}

#[derive(Clone, Copy, Default)]
struct Claim {
    /// A write was confirmed.
    has_shown: bool,
    /// There is an entry to prolong.
    is_ours: bool,
}

impl<E: Entries> LeasedRegistrar<E> {
    /// A registrar that has written nothing yet. `ttl` is the time to live of an entry.
    pub fn new(entries: Arc<E>, ttl: Duration) -> LeasedRegistrar<E> {
        LeasedRegistrar {
            entries,
            ttl,
            claims: Mutex::default(),
        }
    }

    fn claims(&self) -> MutexGuard<'_, HashMap<String, Claim>> {
        kit_sync::lock(&self.claims)
    }

    fn is_ours(&self, key: &str) -> bool {
        self.claims().get(key).is_some_and(|one| one.is_ours)
    }

    fn record_loss(&self, key: &str) {
        if let Some(claim) = self.claims().get_mut(key) {
            claim.is_ours = false;
        }
    }
}

#[async_trait]
impl<E: Entries> Registrar for LeasedRegistrar<E> {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let key = instance.to_string();
        let before = *self.claims().entry(key.clone()).or_default();
        let written = self.entries.write(instance, !before.has_shown).await;
        match &written {
            Ok(()) => {
                let shown = Claim {
                    has_shown: true,
                    is_ours: true,
                };
                self.claims().insert(key, shown);
            }
            Err(Error::Lost { .. }) => self.record_loss(&key),
            Err(_value_before_stays) => {}
        }
        written
    }

    /// An entry that appears between two beats is prolonged by the next one, so that waiting for it takes
    /// no more than a look at the claim at each.
    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        let key = instance.to_string();
        let mut prolonged = Instant::now();
        let mut pause = self.ttl / 3;
        loop {
            sleep(pause).await;
            pause = self.ttl / 3;
            if !self.is_ours(&key) {
                prolonged = Instant::now();
                continue;
            }
            match self.entries.prolong(instance).await {
                Ok(()) => prolonged = Instant::now(),
                Err(Error::Lost { reason, .. }) => {
                    self.record_loss(&key);
                    return reason;
                }
                Err(error) if prolonged.elapsed() >= self.ttl * 2 / 3 => {
                    return LossReason::Unreachable(Arc::new(error));
                }
                Err(error) => {
                    tracing::debug!(error = %error.chain(), "to be tried again");
                    pause = self.ttl / 12;
                }
            }
        }
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        let reason = self.entries.hold(instance).await;
        // An entry that was changed, or that cannot be seen, is still there to be prolonged.
        if !matches!(reason, LossReason::Changed | LossReason::Unreachable(_)) {
            self.record_loss(&instance.to_string());
        }
        reason
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let key = instance.to_string();
        let is_known = self.claims().contains_key(&key);
        if is_known {
            self.entries.remove(instance).await?;
            self.claims().remove(&key);
        }
        Ok(())
    }
}

impl<E> fmt::Debug for LeasedRegistrar<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedRegistrar")
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
