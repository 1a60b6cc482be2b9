//! The desired state "this instance is visible", repaired for ever.

mod keeper;

use std::{fmt, sync::Arc, time::Duration};

use kit_sync::Scope;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{Error, Registrar, ServiceInstance};

use self::keeper::Keeper;

/// Keeps one instance visible in one registry until told otherwise.
///
/// [`spawn`](Self::spawn) starts one task, `registration`, in the scope that it is handed. It makes
/// the registry show the instance, watches over it, and shows it again whenever it was lost or
/// changed, waiting 200 ms at first and at most 15 s between attempts (1 s until the first success;
/// full jitter). It never gives
/// up; what it is doing is its [`state`](Self::state). It makes one call at a time.
///
/// When the scope is told to stop and nobody called [`deregister`](Self::deregister), the task tries
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

/// Where a [`Registration`] stands.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RegistrationState {
    /// The first attempt has not ended yet.
    Pending,
    /// The registry shows the instance.
    Registered,
    /// It does not, or cannot be asked; attempts go on.
    #[non_exhaustive]
    Degraded {
        /// Since when; from the start when it was never shown.
        since: Instant,
        /// The last attempt's error, or why the instance was lost.
        why: Arc<Error>,
    },
    /// It is being taken away.
    #[non_exhaustive]
    Leaving {
        /// Since when.
        since: Instant,
        /// The last attempt's error; none before the first attempt ended.
        why: Option<Arc<Error>>,
    },
    /// It was taken away, or never written: the end.
    Withdrawn,
}

/// What the handles ask of the task.
#[derive(Debug)]
struct Desired {
    instance: Arc<ServiceInstance>,
    wanted: bool,
}

// === impl Registration ===

impl Registration {
    /// Starts to show `instance`, with a task in `scope`.
    ///
    /// The connections that `registrar` uses must outlive the registration: their scope is to be
    /// closed after this one.
    #[must_use = "without a handle nobody learns whether the registration succeeded"]
    pub fn spawn(scope: &Scope, registrar: Arc<dyn Registrar>, instance: ServiceInstance) -> Self {
        let desired = watch::Sender::new(Desired {
            instance: Arc::new(instance),
            wanted: true,
        });
        let (keeper, state) = Keeper::new(registrar, &desired, scope.token().clone());
        // On an ended scope the keeper is dropped, which every method here reports as closed.
        drop(scope.spawn("registration", keeper.run()));
        Self { desired, state }
    }

    /// Where it stands, now and after each change.
    ///
    /// The receiver's sender goes away when the task has ended.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<RegistrationState> {
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
    ///
    /// After `limit`: [`Error::GaveUp`] with how long was tried, whose source is the last attempt's
    /// error; [`Error::NoAnswer`] when no attempt has ended yet. [`Error::Closed`] when the
    /// registration was ended.
    ///
    /// # Cancel safety
    ///
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
                        | RegistrationState::Leaving { .. }
                        | RegistrationState::Withdrawn
                )
            }),
        )
        .await
        .map(|settled| settled.map(|state| state.clone()));
        let attempt = format!("register {}", self.instance());
        match settled {
            Ok(Ok(RegistrationState::Registered)) => Ok(()),
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
    ///
    /// [`Error::Invalid`] when it has another name or id: that would be another registration.
    pub fn update(&self, instance: ServiceInstance) -> Result<(), Error> {
        self.change(|_| Ok(instance))
    }

    /// Adds or replaces one entry of the metadata and registers again.
    ///
    /// Returns at once. Without effect once the registration was ended.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] when the metadata becomes too large.
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
    ///
    /// Only when the scope ended before it was confirmed: the last attempt's error in an
    /// [`Error::GaveUp`], or [`Error::Closed`].
    ///
    /// # Cancel safety
    ///
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
        match &*self.state.borrow() {
            RegistrationState::Leaving {
                why: Some(source), ..
            } => Err(Error::GaveUp {
                tried: began.elapsed(),
                source: Arc::clone(source),
            }),
            _ => Err(Error::closed(format!("deregister {}", self.instance()))),
        }
    }

    /// [`deregister`](Self::deregister), waiting at most `limit`.
    ///
    /// # Errors
    ///
    /// Those of `deregister`, and after `limit` [`Error::GaveUp`] or [`Error::NoAnswer`] as in
    /// [`first`](Self::first).
    ///
    /// # Cancel safety
    ///
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
        match &*self.state.borrow() {
            RegistrationState::Degraded { why, .. } => Some(Arc::clone(why)),
            RegistrationState::Leaving { why, .. } => why.clone(),
            _ => None,
        }
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
