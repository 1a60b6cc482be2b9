//! The side of a registry that shows an instance.

use std::{fmt, future::pending, sync::Arc};

use async_trait::async_trait;

use crate::{Error, ServiceInstance};

/// Shows an instance in a registry, watches over it and takes it away.
///
/// A backend implements the three calls and nothing else: repeating, back-off, order and states are
/// written once, in [`Registration`](crate::Registration), which makes one call at a time per
/// instance. It drops a running `register` when the instance is to be taken away, so an
/// implementation keeps account of what it has asked for before it asks.
#[async_trait]
pub trait Registrar: Send + Sync + 'static {
    /// Makes the registry show `instance`. Idempotent: called again when it was lost or changed.
    ///
    /// # Errors
    ///
    /// When the registry does not confirm it; the message names the registry and its address.
    ///
    /// # Cancel safety
    ///
    /// When dropped, a write may still be on its way; `deregister` fences it off.
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error>;

    /// Watches over it and returns why it is no longer shown. Never writes. Cancelled by drop.
    ///
    /// The default never returns: for a registry that keeps what it was told.
    async fn hold(&self, _instance: &ServiceInstance) -> LossReason {
        pending().await
    }

    /// Takes it away. When this returns `Ok`, no write still in flight can bring it back.
    ///
    /// `Ok`, and quick, when nothing was ever written for it.
    ///
    /// # Errors
    ///
    /// When it cannot be confirmed.
    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error>;
}

/// Why an instance is no longer shown, or not known to be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum LossReason {
    /// Its entry is not there: deleted by somebody, or the store was wiped.
    Missing,
    /// The registry's own time limit on it ran out.
    Expired,
    /// Its entry does not say what was registered.
    Changed,
    /// Another living process shows itself under the same id; the newest one owns it.
    TakenOver {
        /// Who, in the registry's terms, such as a lease.
        by: String,
    },
    /// The registry cannot be asked.
    Unreachable(Arc<Error>),
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("its entry is gone"),
            Self::Expired => f.write_str("its time in the registry ran out"),
            Self::Changed => f.write_str("its entry was changed"),
            Self::TakenOver { by } => write!(f, "taken over by {by}"),
            Self::Unreachable(error) => write!(f, "{}", error.chain()),
        }
    }
}
