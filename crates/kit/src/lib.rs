//! Kit: an application lifecycle framework for microservices.
//!
//! A service author writes handlers; Kit gives the service its identity, its HTTP and gRPC
//! servers, its signals, its place in the registry, an ordered start, and a stop that drops no
//! request and leaks no task.
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! use axum::{Router, routing::get};
//! use kit::{App, http};
//!
//! fn main() -> ExitCode {
//!     let routes = Router::new().route("/", get(|| async { "hello" }));
//!     App::builder("hello")
//!         .version(env!("CARGO_PKG_VERSION"))
//!         .server(http::Server::new(([127, 0, 0, 1], 8000), routes))
//!         .build()
//!         .main()
//! }
//! ```
//!
//! This crate has no code: it names what the others hold.
//!
//! | module, feature | crate | what |
//! |---|---|---|
//! | here | `kit-app` | the app, its builder, hooks, signals, events, the report |
//! | [`transport`] | `kit-transport` | the `Server` contract, `ApiError` |
//! | [`http`], feature `http` (default) | `kit-transport` | HTTP over any `axum::Router` |
//! | `grpc`, feature `grpc` | `kit-transport` | gRPC over any tonic services |
//! | features `tls`, `ws`, `gzip`, `zstd` | `kit-transport` | encryption, WebSockets, and compressed messages for these servers |
//! | `layers`, with `http` or `grpc` | `kit-transport` | request ids, traces, logs, limits, callers: what happens at every request |
//! | features `jwt`, `metrics`, `garde` | `kit-transport` | JSON Web Tokens, the facade of `metrics`, and rules of requests, for layers and extractors |
//! | feature `admin` | `kit-app` | the admin server: probes, state and commands, from its own thread |
//! | `telemetry`, feature `telemetry` | `kit-telemetry` | the log of a binary, and what runs the two below |
//! | features `otlp`, `prometheus` | `kit-telemetry` | traces to a collector of OpenTelemetry, and `/metrics` at the admin server |
//! | [`registry`], features `local`, `etcd`, `etcd-tls` | `kit-registry` | registration and discovery |
//! | features `consul`, `consul-tls` | `kit-registry-consul` | the registry schemes `consul` and `consuls` |
//! | [`sync`] | `kit-sync` | groups, task trees, gates, published values |
//! | `testing`, feature `testing` | `kit-app` | a whole app inside a test, with clients |
//! | feature `derive` (default) | `kit-macros` | `#[derive(Reasons)]`: an enum of reasons becomes errors, and back |
//! | feature `serde` | all | options that can be read from a file, and snapshots of tasks that can be written |
//! | `units` | `kit-units` | durations and sizes as people write them, for your own settings; options that are wrong |
//! | feature `schema` | all | JSON Schemas of the options, for editors |

#![cfg_attr(docsrs, feature(doc_cfg))]

/// For implementations of [`Server`], [`registry::Registrar`] and [`registry::Discovery`], whose methods
/// are `async`: from the crate of the same name.
///
/// ```
/// use kit::{BoxError, Context, Listening, Server, async_trait};
///
/// struct Timekeeper;
///
/// #[async_trait]
/// impl Server for Timekeeper {
///     fn name(&self) -> &str {
///         "timekeeper"
///     }
///
///     async fn start(&self, _: &Context) -> Result<Vec<Listening>, BoxError> {
///         Ok(Vec::new())
///     }
/// }
/// ```
pub use async_trait::async_trait;
#[cfg(feature = "admin")]
pub use kit_app::Admin;
#[cfg(feature = "testing")]
pub use kit_app::testing;
pub use kit_app::{
    AfterFailure, AfterRun, App, AppBuilder, AppHandle, AppOptions, Awaited, BoxError, Cause,
    CheckContext, CheckOptions, CheckState, CheckStatus, ComponentEnd, ComponentReport,
    ComponentState, ComponentStatus, CutReport, Delivery, DrainProfile, Environment, Error, Event,
    Every, Fact, HookContext, HookOptions, HookReport, HookStage, Info, MissingValue, NeverReady,
    Notifier, OpenRegistry, Orchestrator, Phase, Policy, Probe, RegisterAtStart,
    RegistrationOptions, RegistrationReport, RegistrationStatus, Report, ResourceLimits,
    ResourceOptions, ResourceReport, Restarts, RunError, RunWatchdog, RuntimeOptions, Signal,
    SignalOptions, SignalSender, Signals, Stage, Stamped, StopBegun, StopPlan, Timeouts,
    Undelivered, WorkerGroup, WorkerKind, WorkerOptions, WorkerState, WorkerStatus, from_settings,
};
#[cfg(feature = "derive")]
pub use kit_macros::Reasons;
pub use kit_registry as registry;
pub use kit_sync as sync;
#[cfg(feature = "telemetry")]
pub use kit_telemetry as telemetry;
pub use kit_transport as transport;
#[cfg(feature = "grpc")]
pub use kit_transport::grpc;
#[cfg(feature = "http")]
pub use kit_transport::http;
#[cfg(any(feature = "http", feature = "grpc"))]
pub use kit_transport::layers;
pub use kit_transport::{
    ApiError, Context, Intake, IntakeEnded, IntoApi, Listening, Server, Validate, Violation,
    Violations,
};
#[cfg(any(feature = "http", feature = "grpc"))]
pub use kit_transport::{
    CallContext, ConnectionOptions, Draining, HandOver, Http2Options, Listen, ListenError, Peer,
    Until,
};
#[cfg(all(feature = "tls", any(feature = "http", feature = "grpc")))]
pub use kit_transport::{Identity, Pem, Tls};
pub use kit_units as units;

#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../docs/src/architecture.md")]
    mod architecture {}

    #[cfg(all(feature = "derive", feature = "http"))]
    #[doc = include_str!("../../../docs/src/coming-from-kratos.md")]
    mod coming_from_kratos {}

    #[cfg(all(feature = "derive", feature = "http"))]
    #[doc = include_str!("../../../docs/src/errors.md")]
    mod errors {}

    #[cfg(feature = "http")]
    #[doc = include_str!("../../../docs/src/health.md")]
    mod health {}

    #[cfg(all(feature = "http", feature = "grpc"))]
    #[doc = include_str!("../../../docs/src/layers.md")]
    mod layers {}

    #[doc = include_str!("../../../docs/src/listing-a-directory.md")]
    mod listing_a_directory {}

    #[cfg(feature = "http")]
    #[doc = include_str!("../../../docs/src/lifecycle.md")]
    mod lifecycle {}

    #[doc = include_str!("../../../docs/src/memory-reordering.md")]
    mod memory_reordering {}

    #[doc = include_str!("../../../docs/src/registration.md")]
    mod registration {}

    #[cfg(all(feature = "http", feature = "grpc"))]
    #[doc = include_str!("../../../docs/src/servers.md")]
    mod servers {}

    #[doc = include_str!("../../../docs/src/tasks.md")]
    mod tasks {}

    #[cfg(feature = "http")]
    #[doc = include_str!("../../../docs/src/telemetry.md")]
    mod telemetry {}

    #[cfg(all(feature = "http", feature = "testing"))]
    #[doc = include_str!("../../../docs/src/testing.md")]
    mod testing {}

    #[doc = include_str!("../../../README.md")]
    mod readme {}
}
