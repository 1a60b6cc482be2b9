//! What the tests of Kit share. A dev-dependency only, used from `tests/`.

mod etcd;
mod network;

pub use etcd::{Etcd, dead_address};
pub use network::Network;
