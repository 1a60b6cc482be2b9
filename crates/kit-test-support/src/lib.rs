//! The surroundings of Kit's own tests: a real [`Etcd`], [`Redis`] and [`Consul`], a [`Network`] namespace, a
//! [pipe](full_pipe) that blocks, the [`Lines`] of a log, [`promtool`], an example as a [`Process`].
//!
//! A dev-dependency only, of the crates and examples in this workspace: tests that need one of these
//! stand in `tests/`. For the tests of an application there is `kit_sync::testing`.

mod ask;
mod consul;
mod etcd;
#[cfg(unix)]
mod ignored_signals;
mod lines;
mod network;
#[cfg(unix)]
mod pipe;
mod port;
#[cfg(unix)]
mod process;
mod promtool;
mod redis;

pub use ask::ask;
pub use consul::Consul;
pub use etcd::{Etcd, dead_address};
#[cfg(unix)]
pub use ignored_signals::take_ignored_signals;
pub use lines::Lines;
pub use network::Network;
#[cfg(unix)]
pub use pipe::full_pipe;
#[cfg(unix)]
pub use process::{Exit, PATIENCE, Process, Signal, soon};
pub use promtool::promtool;
pub use redis::Redis;
