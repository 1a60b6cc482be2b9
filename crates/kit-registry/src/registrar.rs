//! The side of a registry that shows an instance.

use std::future::pending;

use async_trait::async_trait;

use crate::{Error, LossReason, Remarks, ServiceInstance};

/// Shows an instance in a registry, keeps it alive, watches over it and takes it away.
///
/// A backend implements these calls and nothing else: repeating, back-off, order and states are
/// written once, in the task of a [`Registration`](crate::Registration), which owns the order of the
/// calls:
///
/// | call | when |
/// |---|---|
/// | [`register`](Self::register) | at first, after each loss, for each change, and again after each failure |
/// | [`keep_alive`](Self::keep_alive) | from before the first `register` until `deregister`, **beside all others** |
/// | [`hold`](Self::hold) | with the value that was accepted last, while it is shown and no `register` runs |
/// | [`deregister`](Self::deregister) | at the end, when nothing else runs any more |
///
/// So a message that has to be sent at regular times belongs into `keep_alive`. It goes on while a
/// change is being refused, while nothing may be read, while a call waits for its answer, and a
/// backend spawns no task for it.
///
/// Every call but `deregister` is dropped when the instance is to be taken away, at any await: an
/// implementation writes down each request before it sends it.
///
/// [`LeasedRegistrar`](crate::LeasedRegistrar) is one for entries that run out, from three calls.
///
/// A panic of a call is taken for an error of it.
///
/// The suite in `conformance` (a feature) tries these promises against any backend.
#[async_trait]
pub trait Registrar: Send + Sync + 'static {
    /// Makes the registry show `instance`. Idempotent: called again after a loss or a change.
    ///
    /// A change that is refused leaves the value before it.
    ///
    /// # Errors
    /// When the registry does not confirm it; the message names the registry and its address.
    ///
    /// # Cancel safety
    /// When dropped, a write may still be on its way; `deregister` makes it void.
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error>;

    /// Keeps alive the entry that `register` writes, or its lease. Returns when it has ended, with
    /// [`LossReason::Expired`], or when that is not known any more, with
    /// [`LossReason::Unreachable`]. The instance is then registered again.
    ///
    /// It is called before anything was written, and waits until there is something to keep. The
    /// lease may be replaced while it runs, as `register` may have to begin anew. After it returned
    /// it is called again within a second. Only the name and id of `instance` count: its value may
    /// be an older one, or one that the registry never accepted.
    ///
    /// The default never returns: for a registry whose entries do not run out.
    ///
    /// # Cancel safety
    /// Dropped when the instance is to be taken away.
    async fn keep_alive(&self, _instance: &ServiceInstance) -> LossReason {
        pending().await
    }

    /// Watches the entry, and returns why it is no longer `instance`, the value that `register`
    /// confirmed last. Never writes. A value that this process itself has written is no loss, also
    /// when the answer to its write never came.
    ///
    /// Optional: it makes repairs quicker than [`keep_alive`](Self::keep_alive) can, and sees losses
    /// that `keep_alive` cannot see, such as a takeover. The default never returns.
    ///
    /// # Cancel safety
    /// Dropped for each `register`, and called again after it.
    async fn hold(&self, _instance: &ServiceInstance) -> LossReason {
        pending().await
    }

    /// Takes the instance away. After `Ok`, no write that is still on its way can bring it back.
    ///
    /// `Ok`, and quick, when nothing was ever written for it.
    ///
    /// # Errors
    /// When the registry does not confirm it.
    ///
    /// # Cancel safety
    /// When dropped, the instance may be gone or not; a second call is allowed.
    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error>;

    /// The remarks that this registrar makes; the same ones at each call. A
    /// [`Registration`](crate::Registration) hands them on.
    ///
    /// A call of a registrar must not wait for the log, so a line that an operator should read goes
    /// here. The default is for a registrar without remarks.
    fn remarks(&self) -> Remarks {
        Remarks::new()
    }
}
