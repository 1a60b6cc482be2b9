//! The side of a registry that finds instances.

use async_trait::async_trait;

use crate::{Error, ServiceName, Snapshot, Watch};

/// Finds the instances of a service.
///
/// [`PolledDiscovery`](crate::PolledDiscovery) is one for a registry that is asked again and again, and
/// [`SharedWatches`](crate::SharedWatches) helps with any other.
#[async_trait]
pub trait Discovery: Send + Sync + 'static {
    /// The instances at this moment.
    ///
    /// # Errors
    /// When the registry does not answer: an empty list never stands for that.
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error>;

    /// A cursor over snapshots: the first at once, even when empty; then the latest after each
    /// change.
    ///
    /// # Errors
    /// When the registry does not answer the first list. Later failures are snapshots that are
    /// [`Stale`](crate::Freshness::Stale).
    ///
    /// # Cancel safety
    /// Dropping it changes nothing.
    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error>;
}
