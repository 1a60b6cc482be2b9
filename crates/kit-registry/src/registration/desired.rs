//! The desired state: written by the handles of a registration, read by its task.

use std::sync::Arc;

use crate::ServiceInstance;

#[derive(Debug)]
pub(super) struct Desired {
    pub(super) instance: Arc<ServiceInstance>,
    /// Whether the instance is to be shown; `false` from the first `deregister` on.
    pub(super) is_wanted: bool,
}
