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
mod inherited;
mod lifecycle;
#[cfg(any(feature = "http", feature = "grpc"))]
mod listen;
mod listening;
mod phase;
mod server;
#[cfg(any(feature = "http", feature = "grpc"))]
mod start_error;
#[cfg(all(feature = "tls", any(feature = "http", feature = "grpc")))]
mod tls;

pub use context::Context;
pub use cut::{Cut, Cuts};
pub use drained::Drained;
#[cfg(all(feature = "tls", any(feature = "http", feature = "grpc")))]
pub use driver::Identity;
#[cfg(any(feature = "http", feature = "grpc"))]
pub use driver::{ConnectionOptions, Draining, Http2Options, Peer, Until};
pub use error::{ApiError, IntoApi};
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
