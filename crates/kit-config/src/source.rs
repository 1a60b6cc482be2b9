//! Where settings come from: files, the environment, the command line, a remote store.
//!
//! Each source gives a [`Layer`](layer::Layer): a tree and the problems that were met on the way to it.
//! No problem of one source hides those of another.

pub(crate) mod directory;
pub(crate) mod environment;
pub(crate) mod file;
pub(crate) mod files;
pub(crate) mod flag;
pub(crate) mod layer;
pub(crate) mod profile;
pub(crate) mod refused;
pub(crate) mod remote;
pub(crate) mod toml;

mod assignment;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(not(feature = "etcd"))]
#[path = "source/no_etcd.rs"]
mod etcd;
mod format;
mod json;
mod number;
mod yaml;

#[cfg(test)]
mod tests;
