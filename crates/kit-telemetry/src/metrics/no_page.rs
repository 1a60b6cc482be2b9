//! Without the feature `prometheus` the admin server has no page of metrics.

use kit_app::{AdminRoute, AppHandle};

use super::sample::Samples;

pub(super) fn route(
    _read: impl Fn(&AppHandle) -> Samples + Send + Sync + 'static,
) -> Option<AdminRoute> {
    None
}
