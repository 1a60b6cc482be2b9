//! What the tests of Kit share. A dev-dependency only, used from `tests/`.

mod etcd;

pub use etcd::{Etcd, dead_address};
