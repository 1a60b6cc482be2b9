//! In place of etcd, without the feature `etcd`.

use super::layer::Layer;
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;

/// Says that this program cannot read etcd.
#[allow(
    clippy::unused_async,
    reason = "it has the signature of the one that asks etcd"
)]
pub(crate) async fn read(_url: &str, _is_optional: bool) -> Layer {
    let message = "settings in etcd need the feature `etcd` of kit-config".to_owned();
    let origin = Origin::Remote("etcd".into());
    Layer::failed(Problem::new(
        origin,
        KeyPath::root(),
        What::Other { message },
    ))
}
