//! The desired state "this instance is visible", and the task that repairs it.

mod caught;
mod desired;
mod keeper;
mod limits;
mod state;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::Scope;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, timeout};

pub use state::RegistrationState;

use crate::{Error, Registrar, Remarks, ServiceInstance};
use caught::Caught;
use desired::Desired;
use keeper::Keeper;

/// Keeps one instance visible in one registry, from [`spawn`](Self::spawn) to
/// [`deregister`](Self::deregister).
///
/// `spawn` starts one task, `registration`, in the scope that it is handed. The task makes the
/// registry show the instance, keeps it alive, watches over it, and shows it again whenever it was
/// lost or changed. It never gives up; its progress is the [`state`](Self::state). The order of its
/// calls is that of the [`Registrar`].
///
/// *Back-off.* After a failure the task waits up to 200 ms at first and up to 15 s later (1 s until
/// the first success; full jitter), after a loss up to 200 ms, also when failures came before it.
/// Losses that follow each other closely wait longer, up to 15 s.
///
/// *A change that is not accepted* leaves the value before it visible, and kept alive: the state is
/// [`Degraded`](RegistrationState::Degraded) and names that value, and attempts go on. When that
/// value is lost meanwhile and the change is refused again, the value before it is put back.
///
/// *A panic of the registrar* is an error of its call ([`Error::Panicked`]), which is made again; one of `keep_alive` or
/// `hold` counts as a loss.
///
/// When the scope is cancelled without a [`deregister`](Self::deregister) before it, the task makes
/// one attempt to take the instance away, which ends at the scope's deadline.
///
/// Clones are handles to the same registration; dropping them changes nothing.
///
/// ```
/// # use kit_registry::{Endpoint, Memory, Registration, ServiceInstance};
/// # use std::sync::Arc;
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), kit_registry::Error> {
/// let tree = kit_sync::TaskTree::new("example");
/// let instance = ServiceInstance::builder("7f3a", "helloworld").build()?;
/// let registration = Registration::spawn(tree.scope(), Arc::new(Memory::new()), instance);
///
/// registration.first(Duration::from_secs(10)).await?; // visible from here on
/// registration.set_metadata("weight", "10")?; // registers again
/// registration.deregister().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Registration {
    desired: watch::Sender<Desired>,
    state: watch::Receiver<RegistrationState>,
    remarks: Remarks,
}

impl Registration {
    /// Starts to show `instance`, with a task in `scope`.
    ///
    /// The connections that `registrar` uses must outlive the registration: their scope is to be
    /// closed after this one.
    #[must_use = "only a handle shows whether the registration succeeded"]
    pub fn spawn(
        scope: &Scope,
        registrar: Arc<dyn Registrar>,
        instance: ServiceInstance,
    ) -> Registration {
        let remarks = registrar.remarks();
        Registration::begin(scope, registrar, instance, remarks)
    }

    /// As [`spawn`](Self::spawn), with a reader of the registrar's [`Remarks`] that misses none: the task may make the
    /// first before [`remarks`](Self::remarks) is called, and it goes to the log then.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use kit_registry::{Memory, Registration, ServiceInstance};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), kit_registry::Error> {
    /// # let tree = kit_sync::TaskTree::new("example");
    /// # let instance = ServiceInstance::builder("7f3a", "helloworld").build()?;
    /// let memory = Arc::new(Memory::new());
    /// let (registration, remarks) = Registration::spawn_with_remarks(tree.scope(), memory, instance);
    /// registration.first(std::time::Duration::from_secs(10)).await?;
    /// assert!(remarks.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "only a handle shows whether the registration succeeded"]
    pub fn spawn_with_remarks(
        scope: &Scope,
        registrar: Arc<dyn Registrar>,
        instance: ServiceInstance,
    ) -> (Registration, broadcast::Receiver<String>) {
        let remarks = registrar.remarks();
        let reader = remarks.subscribe();
        let registration = Registration::begin(scope, registrar, instance, remarks);
        (registration, reader)
    }

    fn begin(
        scope: &Scope,
        registrar: Arc<dyn Registrar>,
        instance: ServiceInstance,
        remarks: Remarks,
    ) -> Registration {
        let desired = watch::Sender::new(Desired {
            instance: Arc::new(instance),
            is_wanted: true,
        });
        let registrar: Arc<dyn Registrar> = Arc::new(Caught(registrar));
        let (keeper, state) =
            Keeper::new(registrar, &desired, remarks.clone(), scope.token().clone());
        // On an ended scope the keeper is dropped, and every method here returns `Closed`.
        drop(scope.spawn("registration", keeper.run()));
        Registration {
            desired,
            state,
            remarks,
        }
    }

    /// The present state.
    #[must_use]
    pub fn state(&self) -> RegistrationState {
        self.state.borrow().clone()
    }

    /// The present state, and each later one.
    ///
    /// The receiver is closed when the task has ended.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<RegistrationState> {
        self.state.clone()
    }

    /// A reader of the registrar's [`Remarks`] from now on. Without a reader they are WARN lines in
    /// the log; [`spawn_with_remarks`](Self::spawn_with_remarks) gives one that misses none.
    #[must_use = "remarks go to the log only while there is no reader"]
    pub fn remarks(&self) -> broadcast::Receiver<String> {
        self.remarks.subscribe()
    }

    /// The value that is to be shown.
    #[must_use]
    pub fn instance(&self) -> Arc<ServiceInstance> {
        Arc::clone(&self.desired.borrow().instance)
    }

    /// Waits until the registry shows the instance, also with an older value, for at most `limit`.
    /// Attempts go on afterwards.
    ///
    /// # Errors
    /// After `limit`: [`Error::GaveUp`] with the time that was spent and the last attempt's error as
    /// its source; [`Error::NoAnswer`] when no attempt has ended yet. [`Error::Closed`] when the
    /// registration was ended.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn first(&self, limit: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        let mut state = self.state.clone();
        let settled = timeout(
            limit,
            state.wait_for(|state| {
                matches!(
                    state,
                    RegistrationState::Registered
                        // Shown, with an older value.
                        | RegistrationState::Degraded { shown: Some(_), .. }
                        | RegistrationState::Leaving { .. }
                        | RegistrationState::Withdrawn
                )
            }),
        )
        .await
        .map(|settled| settled.map(|state| state.clone()));
        let attempt = format!("register {}", self.instance());
        match settled {
            Ok(Ok(RegistrationState::Registered | RegistrationState::Degraded { .. })) => Ok(()),
            Ok(Ok(_)) => Err(Error::closed(attempt)),
            Ok(Err(_ended)) => match self.last_error() {
                Some(source) => Err(Error::GaveUp {
                    tried: begun.elapsed(),
                    source,
                }),
                None => Err(Error::closed(attempt)),
            },
            Err(_elapsed) => Err(self.out_of_time(attempt, begun.elapsed())),
        }
    }

    /// Registers again, with `instance` as the new value.
    ///
    /// Returns at once. Without effect once the registration was ended.
    ///
    /// # Errors
    /// [`Error::Invalid`] when `instance` has another name or id: that would be another
    /// registration.
    pub fn update(&self, instance: ServiceInstance) -> Result<(), Error> {
        self.change(|_| Ok(instance))
    }

    /// Adds or replaces one entry of the metadata and registers again.
    ///
    /// Returns at once; the [`state`](Self::state) shows whether the registry accepted it. Without
    /// effect once the registration was ended.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the metadata becomes larger than
    /// [`MAX_METADATA`](crate::MAX_METADATA) in the JSON that is stored; nothing is changed then.
    pub fn set_metadata(
        &self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<(), Error> {
        self.change(|present| present.to_builder().metadata(key, value).build())
    }

    /// Takes the instance away and waits until the registry has confirmed it. Interrupts a call of
    /// `register` in progress; failed attempts are repeated. A second call returns `Ok` again; when
    /// nothing was ever written, `Ok` comes at once.
    ///
    /// # Errors
    /// Only when the scope ended before the confirmation: the last attempt's error in an
    /// [`Error::GaveUp`], or [`Error::Closed`].
    ///
    /// # Cancel safety
    /// When dropped, the task goes on taking the instance away until its scope is cancelled.
    pub async fn deregister(&self) -> Result<(), Error> {
        let begun = Instant::now();
        self.desired
            .send_if_modified(|desired| std::mem::replace(&mut desired.is_wanted, false));
        let mut state = self.state.clone();
        let withdrawn = state
            .wait_for(|state| matches!(state, RegistrationState::Withdrawn))
            .await
            .is_ok();
        if withdrawn {
            return Ok(());
        }
        match self.state() {
            RegistrationState::Leaving {
                why: Some(source), ..
            } => Err(Error::GaveUp {
                tried: begun.elapsed(),
                source,
            }),
            _ => Err(Error::closed(format!("deregister {}", self.instance()))),
        }
    }

    /// [`deregister`](Self::deregister) with a limit on the wait.
    ///
    /// # Errors
    /// Those of `deregister`, and after `limit` [`Error::GaveUp`] or [`Error::NoAnswer`] as in
    /// [`first`](Self::first).
    ///
    /// # Cancel safety
    /// That of `deregister`, after `limit` too.
    pub async fn deregister_within(&self, limit: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        match timeout(limit, self.deregister()).await {
            Ok(result) => result,
            Err(_elapsed) => {
                let attempt = format!("deregister {}", self.instance());
                Err(self.out_of_time(attempt, begun.elapsed()))
            }
        }
    }

    fn change(
        &self,
        next: impl FnOnce(&ServiceInstance) -> Result<ServiceInstance, Error>,
    ) -> Result<(), Error> {
        let mut result = Ok(());
        self.desired.send_if_modified(|desired| {
            let changed =
                next(&desired.instance).and_then(|next| same_key(&desired.instance, next));
            match changed {
                Ok(next) if next == *desired.instance => false,
                Ok(next) => {
                    desired.instance = Arc::new(next);
                    true
                }
                Err(error) => {
                    result = Err(error);
                    false
                }
            }
        });
        result
    }

    fn last_error(&self) -> Option<Arc<Error>> {
        self.state.borrow().why().cloned()
    }

    fn out_of_time(&self, attempt: String, tried: Duration) -> Error {
        match self.last_error() {
            Some(source) => Error::GaveUp { tried, source },
            None => Error::NoAnswer {
                attempt,
                within: tried,
            },
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("instance", &format_args!("{}", self.instance()))
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}

fn same_key(present: &ServiceInstance, next: ServiceInstance) -> Result<ServiceInstance, Error> {
    if next.id() == present.id() && next.name() == present.name() {
        return Ok(next);
    }
    Err(Error::Invalid {
        what: "updated instance",
        value: next.to_string(),
        expected: "of the same name and id",
    })
}
