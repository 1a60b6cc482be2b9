//! Servers over real sockets: what they serve, and how they end whatever their clients do.

mod blocking;
mod call_context;
mod client;
#[cfg(target_os = "linux")]
mod descriptors;
mod drain_grpc;
mod drain_http1;
mod drain_http2;
mod errors;
mod extract;
mod fixture;
#[cfg(unix)]
mod from_fn;
mod gone;
#[cfg(feature = "ws")]
mod goodbyes;
mod grpc_errors;
mod hostile;
mod hosts;
mod layered;
mod layers;
mod layers_access_log;
mod layers_auth;
mod layers_concurrency;
mod layers_deadline;
mod layers_failing;
mod layers_metadata;
#[cfg(feature = "metrics")]
mod layers_metrics;
mod layers_probes;
mod layers_rate;
mod layers_request_id;
mod layers_standard;
#[cfg(all(feature = "metrics", feature = "ws"))]
mod layers_table;
mod layers_tower_http;
mod layers_trace;
mod limits;
#[cfg(unix)]
mod listening;
mod log;
mod missing_extensions;
mod observed;
#[cfg(all(feature = "gzip", feature = "zstd"))]
mod protocols;
#[cfg(feature = "derive")]
mod reasons;
mod rejections;
mod serving;
mod simple;
mod sizes;
mod spans;
mod statuses;
mod streams;
mod stubborn;
mod timeouts;
#[cfg(feature = "tls")]
mod tls;
mod traffic;
mod unread_bodies;
mod unusual;
mod uploads;
#[cfg(feature = "garde")]
mod validation;
