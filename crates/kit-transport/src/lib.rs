//! Servers for Kit.
//!
//! A [`Server`] is what an application starts and stops; a [`Context`] is what it is handed to do
//! so. Transport reports the address it is [`Listening`] at; turning that into the endpoint that
//! others are told is the application's policy, and registries are none of this crate's business.

#[cfg(any(feature = "http", feature = "grpc"))]
mod connection;
mod context;
mod cut;
#[cfg(any(feature = "http", feature = "grpc"))]
mod descriptors;
#[cfg(any(feature = "http", feature = "grpc"))]
mod drain;
mod drained;
mod error;
#[cfg(any(feature = "http", feature = "grpc"))]
mod exchange;
#[cfg(feature = "grpc")]
pub mod grpc;
#[cfg(feature = "http")]
pub mod http;
mod inherited;
mod lifecycle;
#[cfg(any(feature = "http", feature = "grpc"))]
mod listen;
mod listening;
mod phase;
mod server;
#[cfg(any(feature = "http", feature = "grpc"))]
mod start_error;
#[cfg(any(feature = "http", feature = "grpc"))]
mod time;
#[cfg(all(feature = "tls", any(feature = "http", feature = "grpc")))]
mod tls;
#[cfg(any(feature = "http", feature = "grpc"))]
mod wire;

#[cfg(any(feature = "http", feature = "grpc"))]
pub use connection::options::{ConnectionOptions, Http2Options};
pub use context::Context;
pub use cut::{Cut, Cuts};
pub use drained::Drained;
pub use error::{ApiError, IntoApi};
#[cfg(any(feature = "http", feature = "grpc"))]
pub use exchange::{draining::Draining, until::Until};
pub use inherited::{Inherited, InheritedListeners};
pub use lifecycle::{Lifecycle, Stage};
#[cfg(any(feature = "http", feature = "grpc"))]
pub use listen::{HandOver, Listen, ListenError};
pub use listening::{Address, Listening};
pub use phase::Phase;
#[cfg(all(feature = "tls", any(feature = "http", feature = "grpc")))]
pub use rustls::pki_types::CertificateDer;
pub use server::Server;
#[cfg(any(feature = "http", feature = "grpc"))]
pub use start_error::StartError;
#[cfg(all(feature = "tls", any(feature = "http", feature = "grpc")))]
pub use tls::{Pem, Tls};
#[cfg(all(feature = "tls", any(feature = "http", feature = "grpc")))]
pub use wire::identity::Identity;
#[cfg(any(feature = "http", feature = "grpc"))]
pub use wire::peer::Peer;
