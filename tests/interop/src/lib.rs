//! Kit beside Kratos: each is client and server of the other, over HTTP and gRPC.
//!
//! The programs of Kratos stand in `interop/`, and are built by `cargo xtask interop`, which then runs
//! the tests of this crate. Both sides have the same two methods: `Fail`, which fails with the error that
//! it is given, and `Relay`, which hands a call on.

mod ask;
mod kratos;
mod messages;
mod service;

pub use ask::{ask, ask_grpc, ask_http};
pub use kratos::{Call, Kratos, Outcome, Version, terminate};
pub use messages::Status;
pub use service::service;
