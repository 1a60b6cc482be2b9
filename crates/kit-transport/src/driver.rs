//! The one connection driver behind every server: accepts, serves HTTP/1.1 and HTTP/2, keeps the
//! time limits, and drains.
//!
//! Two wrappers see everything. [`io`] sees bytes, those of HTTP/2 as [`frames`], and holds the
//! connection's membership in the scope: a connection is alive until its I/O is dropped, upgraded or
//! not. [`service`] sees requests: one is in flight until its body has ended and its bytes have left,
//! which over HTTP/2 only the frames tell. What they saw is
//! in one [`conn::Conn`] per connection, from which [`deadline`] derives what the connection's task
//! does next, and [`drain`] what was cut.

mod accept;
mod body;
mod conn;
mod connection;
mod connections;
mod deadline;
mod drain;
mod draining;
mod executor;
mod frames;
mod host;
#[cfg(feature = "tls")]
mod identity;
mod in_flight;
mod io;
mod lame_duck;
mod listener;
mod options;
mod peer;
mod ping_timer;
mod refusal;
mod request_body;
mod security;
mod service;
mod sniff;
mod socket;
mod timer;
#[cfg(feature = "tls")]
mod tls;
mod trouble;
#[cfg(unix)]
mod unix;
mod until;

pub(crate) use accept::serve;
pub use draining::Draining;
#[cfg(feature = "tls")]
pub use identity::Identity;
pub(crate) use listener::Listener;
pub use options::{ConnectionOptions, Http2Options};
pub use peer::Peer;
pub(crate) use refusal::Refusal;
pub(crate) use request_body::RequestBody;
pub(crate) use security::Security;
pub(crate) use service::Handler;
pub use until::Until;
