//! The desired state "this instance is visible", repaired for ever.

mod keeper;
mod state;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kit_sync::Scope;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::{Error, Registrar, ServiceInstance};

use keeper::Keeper;
pub use state::RegistrationState;

/// Keeps one instance visible in one registry until told otherwise.
///
/// [`spawn`](Self::spawn) starts one task, `registration`, in the scope that it is handed. It makes
/// the registry show the instance, keeps it alive, watches over it, and shows it again whenever it
/// was lost or changed. It never gives up; what it is doing is its [`state`](Self::state). The order
/// of its calls is that of the [`Registrar`].
///
/// *Back-off.* After a failure it waits up to 200 ms at first and up to 15 s later (1 s until the
/// first success; full jitter), after a loss up to 200 ms, whatever failed before it. Only losses
/// that follow each other closely wait longer, up to 15 s.
///
/// *A change that is not accepted* leaves the value before it visible, and kept alive: the state says
/// so and is [`Degraded`](RegistrationState::Degraded), and attempts go on. When that value is lost
/// meanwhile and the change is refused again, the value before it is put back.
///
/// When the scope is told to stop without a [`deregister`](Self::deregister) before it, the task tries
/// once to take the instance away, until it succeeds, fails or the scope's deadline ends it.
///
/// Clones are handles to the same registration; dropping them changes nothing.
///
/// ```
/// # use kit_registry::{Endpoint, Memory, Registration, ServiceInstance};
/// # use std::{sync::Arc, time::Duration};
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
}

/// What the handles ask of the task.
#[derive(Debug)]
struct Desired {
    instance: Arc<ServiceInstance>,
    wanted: bool,
}

impl Registration {
    /// Starts to show `instance`, with a task in `scope`.
    ///
    /// The connections that `registrar` uses must outlive the registration: their scope is to be
    /// closed after this one.
    #[must_use = "without a handle nobody learns whether the registration succeeded"]
    pub fn spawn(
        scope: &Scope,
        registrar: Arc<dyn Registrar>,
        instance: ServiceInstance,
    ) -> Registration {
        let desired = watch::Sender::new(Desired {
            instance: Arc::new(instance),
            wanted: true,
        });
        let (keeper, state) = Keeper::new(registrar, &desired, scope.token().clone());
        // On an ended scope the keeper is dropped, which every method here reports as closed.
        drop(scope.spawn("registration", keeper.run()));
        Registration { desired, state }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> RegistrationState {
        self.state.borrow().clone()
    }

    /// Where it stands, now and after each change.
    ///
    /// The receiver's sender goes away when the task has ended.
    #[must_use]
    pub fn states(&self) -> watch::Receiver<RegistrationState> {
        self.state.clone()
    }

    /// What is being registered.
    #[must_use]
    pub fn instance(&self) -> Arc<ServiceInstance> {
        Arc::clone(&self.desired.borrow().instance)
    }

    /// Waits until the registry shows the instance, at most `limit`. Attempts go on afterwards.
    ///
    /// # Errors
    /// After `limit`: [`Error::GaveUp`] with how long was tried, whose source is the last attempt's
    /// error; [`Error::NoAnswer`] when no attempt has ended yet. [`Error::Closed`] when the
    /// registration was ended.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    pub async fn first(&self, limit: Duration) -> Result<(), Error> {
        let began = Instant::now();
        let mut state = self.state.clone();
        let settled = timeout(
            limit,
            state.wait_for(|state| {
                matches!(
                    state,
                    RegistrationState::Registered
                        // With an older value, but it is shown.
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
                    tried: began.elapsed(),
                    source,
                }),
                None => Err(Error::closed(attempt)),
            },
            Err(_elapsed) => Err(self.out_of_time(attempt, began.elapsed())),
        }
    }

    /// Registers again, with `instance` in place of the present one, and keeps that.
    ///
    /// Returns at once. Without effect once the registration was ended.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it has another name or id: that would be another registration.
    pub fn update(&self, instance: ServiceInstance) -> Result<(), Error> {
        self.change(|_| Ok(instance))
    }

    /// Adds or replaces one entry of the metadata and registers again.
    ///
    /// Returns at once; whether the registry took it is seen in the [`state`](Self::state). Without
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

    /// Takes the instance away and waits until that is confirmed. Interrupts a registration in
    /// progress; failed attempts are repeated. `Ok` again when called again; `Ok` at once when
    /// nothing was ever written.
    ///
    /// # Errors
    /// Only when the scope ended before it was confirmed: the last attempt's error in an
    /// [`Error::GaveUp`], or [`Error::Closed`].
    ///
    /// # Cancel safety
    /// When dropped, the task goes on taking the instance away until its scope is told to stop.
    pub async fn deregister(&self) -> Result<(), Error> {
        let began = Instant::now();
        self.desired
            .send_if_modified(|desired| std::mem::replace(&mut desired.wanted, false));
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
                tried: began.elapsed(),
                source,
            }),
            _ => Err(Error::closed(format!("deregister {}", self.instance()))),
        }
    }

    /// [`deregister`](Self::deregister), waiting at most `limit`.
    ///
    /// # Errors
    /// Those of `deregister`, and after `limit` [`Error::GaveUp`] or [`Error::NoAnswer`] as in
    /// [`first`](Self::first).
    ///
    /// # Cancel safety
    /// That of `deregister`, after `limit` too.
    pub async fn deregister_within(&self, limit: Duration) -> Result<(), Error> {
        let began = Instant::now();
        match timeout(limit, self.deregister()).await {
            Ok(result) => result,
            Err(_elapsed) => {
                let attempt = format!("deregister {}", self.instance());
                Err(self.out_of_time(attempt, began.elapsed()))
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

#[cfg(test)]
mod tests;
