//! Without the feature `grpc` there is no status.

use crate::Violations;
use crate::error::parts::Origin;

pub(super) fn origin(_violations: &Violations, _reason: &str) -> Origin {
    Origin::default()
}
