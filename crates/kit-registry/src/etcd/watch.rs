//! Following the instances of a service: one list, then what changes.

mod upstream;

use std::sync::Arc;

use super::list::Listing;
use crate::{Error, ServiceName, SharedWatches, Watch};

use upstream::Upstream;

/// A cursor over the instances of a service, of which one upstream serves all readers.
pub(super) async fn watch(
    watches: &SharedWatches,
    listing: &Arc<Listing>,
    service: &ServiceName,
) -> Result<Watch, Error> {
    let first = async {
        let found = listing.list(service).await?;
        Ok((found.snapshot(), found))
    };
    watches
        .watch(service, first, |found, feed| {
            Upstream::new(Arc::clone(listing), service.clone(), found, feed).run()
        })
        .await
}
