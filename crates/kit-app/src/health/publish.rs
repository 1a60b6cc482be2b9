//! Showing the components whether the app is healthy.

use std::sync::Arc;

use kit_transport::{Lifecycle, Stage};
use tokio::sync::watch;

use super::probes::is_healthy;
use crate::core::Core;

/// Shows the components whether the app is healthy, whenever that may have changed. Never ends.
pub(crate) async fn publish(core: Arc<Core>, components: Vec<watch::Sender<Lifecycle>>) {
    loop {
        publish_now(&core, &components);
        core.health.changed().await;
    }
}

/// Shows the components whether the app is healthy now.
///
/// The stage is looked at under the lock of the value that is changed: a stop that has begun is not
/// overtaken.
pub(crate) fn publish_now(core: &Core, components: &[watch::Sender<Lifecycle>]) {
    let is_healthy = is_healthy(core);
    for component in components {
        component.send_if_modified(|life| {
            let healthy = is_healthy && life.stage == Stage::Running;
            std::mem::replace(&mut life.healthy, healthy) != healthy
        });
    }
}
