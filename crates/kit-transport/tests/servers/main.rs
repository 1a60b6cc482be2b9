//! Servers over real sockets: what they serve, and how they end whatever their clients do.

mod client;
mod drain_grpc;
mod drain_http1;
mod drain_http2;
mod fixture;
mod hostile;
mod limits;
mod serving;
mod sizes;
mod streams;
mod timeouts;
mod unusual;
