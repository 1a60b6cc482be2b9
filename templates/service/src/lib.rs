//! The service, from the outside in: `server` wires it, `service` speaks its protocols, `biz` has its rules, `data`
//! keeps what it knows, and `config` has its settings.

pub mod biz;
pub mod config;
pub mod data;
pub mod server;
pub mod service;

/// The rules on the store of this service.
pub type Greeter = biz::Greeter<data::Greetings>;
