//! Leases as etcd and `etcdctl` write them.

use std::fmt;
use std::time::Duration;

/// A lease's length in etcd's seconds.
pub(super) fn seconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)
}

/// The length that etcd's seconds mean.
pub(super) fn duration(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// A lease in a message, as `etcdctl` writes it.
pub(super) struct LeaseId(pub(super) i64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease {:x}", self.0)
    }
}
