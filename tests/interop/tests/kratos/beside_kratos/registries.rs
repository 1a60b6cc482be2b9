//! Services of both in one registry, a real etcd or a real Consul: each finds the others.
//!
//! Kratos writes and reads registries by modules beside its core. In the programs of this crate,
//! `interop/kratos-*/registry` takes their place, which has been written after their description.

mod crowd;
mod found;
mod helloworld;
mod ids;
mod server;
mod theirs;
mod through_consul;
mod through_etcd;
mod view;
