//! Servers for Kit.
//!
//! An application starts and stops a [`Server`], and hands it a [`Context`] for that. A server reports
//! the address at which it is [`Listening`]; the application makes of it the endpoint that it
//! advertises. This crate does not know registries.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "http", feature = "grpc"))]
mod at_start;
#[cfg(feature = "driver")]
mod connection;
mod context;
mod cut;
#[cfg(feature = "derive")]
mod derive;
#[cfg(feature = "driver")]
mod descriptors;
#[cfg(feature = "driver")]
mod drain;
mod drained;
mod error;
#[cfg(feature = "driver")]
mod exchange;
mod free_ports;
#[cfg(any(feature = "http", feature = "grpc", feature = "simple"))]
mod front;
#[cfg(feature = "grpc")]
pub mod grpc;
#[cfg(feature = "http")]
pub mod http;
mod inherited;
mod intake;
#[cfg(any(feature = "http", feature = "grpc"))]
pub mod layers;
#[cfg(all(feature = "driver", not(any(feature = "http", feature = "grpc"))))]
#[path = "no_layers.rs"]
mod layers;
mod lifecycle;
#[cfg(feature = "driver")]
mod listen;
mod listening;
mod phase;
mod probes;
mod server;
#[cfg(feature = "simple")]
pub mod simple;
#[cfg(feature = "driver")]
mod start_error;
#[cfg(feature = "driver")]
mod time;
#[cfg(all(feature = "driver", feature = "tls"))]
mod tls;
mod trace_sampling;
mod traffic;
mod validate;
mod values;
#[cfg(feature = "driver")]
mod wire;

pub use context::Context;
pub use cut::{Cut, Cuts};
#[cfg(feature = "derive")]
pub use derive::*;
pub use drained::Drained;
pub use error::{ApiError, IntoApi};
pub use free_ports::FreePorts;
pub use inherited::{Inherited, InheritedListeners};
pub use intake::{Intake, IntakeEnded, IntakeSwitch};
pub use lifecycle::{Lifecycle, Stage};
pub use listening::{Address, Listening};
pub use phase::Phase;
pub use probes::{ProbeAnswer, Probed, Probes};
pub use server::Server;
pub use trace_sampling::TraceSampling;
pub use traffic::{Meter, Traffic};
pub use validate::{Validate, Violation, Violations};
pub use values::{MissingValue, Values};
#[cfg(feature = "driver")]
pub use {
    connection::options::{ConnectionOptions, Http2Options},
    exchange::{call_context::CallContext, draining::Draining, until::Until},
    layers::current::each_current_id,
    listen::{HandOver, Listen, ListenError},
    start_error::StartError,
    wire::peer::Peer,
};
#[cfg(all(feature = "driver", feature = "tls"))]
pub use {
    rustls::pki_types::CertificateDer,
    tls::{Pem, Tls},
    wire::tls::identity::Identity,
};
