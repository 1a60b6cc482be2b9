//! The delay before the next attempt on an agent that has failed.

use std::time::Duration;

use kit_sync::policy::Backoff;

/// From up to 200 ms to up to 15 s, all of it random: a thousand processes which lost Consul together do
/// not come back together.
pub(crate) fn backoff() -> Backoff {
    Backoff::starting_at(Duration::from_millis(200))
        .with_full_jitter()
        .up_to(Duration::from_secs(15))
}
