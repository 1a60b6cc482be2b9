//! The backend against a real Consul, and against a program that answers as one does seldom.
//!
//! Each test of a real one starts its own: the binary that `KIT_CONSUL` names, else `consul` on the `PATH`. The tests
//! are ignored by `cargo test`, because no package of the system brings one; `cargo xtask conformance`
//! builds it and runs them.

mod beside_consul;
mod busy_agent;
