//! Remote stores, which are read before all else is put together.

use super::etcd;
use super::layer::Layer;
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;

/// A place in a remote store. Its URL may hold a password, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct Remote {
    pub(crate) url: String,
    /// Whether nothing may be there.
    pub(crate) is_optional: bool,
}

impl Remote {
    /// # Cancel safety
    /// Dropping the future closes the connection; the store is only read.
    pub(crate) async fn read(&self) -> Layer {
        etcd::read(&self.url, self.is_optional).await
    }
}

/// The problem of a load that reads no remote stores, if some were asked for.
pub(crate) fn not_read() -> Layer {
    let message = "settings in etcd are read by `load_remote`, and this is `load`".to_owned();
    let origin = Origin::Remote("etcd".into());
    Layer::failed(Problem::new(
        origin,
        KeyPath::root(),
        What::Other { message },
    ))
}
