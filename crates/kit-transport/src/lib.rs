//! Servers for Kit.
//!
//! A [`Server`] is what an application starts and stops; a [`Context`] is what it is handed to do
//! so. Transport reports the address it is [`Listening`] at; turning that into the endpoint that
//! others are told is the application's policy, and registries are none of this crate's business.

mod context;
mod cut;
mod drained;
#[cfg(any(feature = "http", feature = "grpc"))]
mod driver;
mod error;
#[cfg(feature = "grpc")]
pub mod grpc;
#[cfg(feature = "http")]
pub mod http;
mod lifecycle;
mod listen;
mod listening;
mod phase;
mod server;
#[cfg(any(feature = "http", feature = "grpc"))]
mod start_error;
#[cfg(feature = "tls")]
mod tls;

pub use context::Context;
pub use cut::{Cut, Cuts};
pub use drained::Drained;
#[cfg(feature = "tls")]
pub use driver::Identity;
#[cfg(any(feature = "http", feature = "grpc"))]
pub use driver::{ConnectionOptions, Draining, Http2Options, Peer, Until};
pub use error::ApiError;
pub use lifecycle::{Lifecycle, Stage};
pub use listen::{HandOver, Inherited, InheritedListeners, Listen};
pub use listening::{Address, Listening};
pub use phase::Phase;
pub use server::Server;
#[cfg(any(feature = "http", feature = "grpc"))]
pub use start_error::StartError;
#[cfg(feature = "tls")]
pub use tls::{Pem, Tls};
