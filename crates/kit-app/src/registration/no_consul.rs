//! In place of the schemes of Consul, without the feature `consul`.

use kit_registry::Schemes;

/// There are none.
pub(super) fn add_to(_: &mut Schemes) {}
