//! What `#[derive(Reasons)]` is, and what its code needs.

#[cfg_attr(not(feature = "grpc"), path = "derive/no_status.rs")]
mod status;

pub use kit_macros::TransportReasons as Reasons;
#[doc(hidden)]
pub use status::*;
