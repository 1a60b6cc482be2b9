//! Registration and discovery: the processes of a service show themselves, and are found.
//!
//! A process that serves something is a [`ServiceInstance`]. It is shown to others through a
//! [`Registrar`] and found by them through a [`Discovery`]: the two sides of a registry, and all
//! that a backend implements. The parts that every backend needs stand above the traits, and are
//! written once: a [`Registration`] turns the registrar's calls into a desired state, "this instance
//! is visible", keeps it alive beside everything else, and repairs it until it is ended; a [`Watch`]
//! is a cursor over [`Snapshot`]s, in which an empty list never stands for a registry that does not
//! answer.
//!
//! A backend opens from a URL *and a scope*, see [`Schemes`]: its connections and upstream watches
//! live in that scope, are counted there, and end with it. There are `memory:` and, with features of
//! the same names, `local:/path` and `etcd://host:port` (with `etcd-tls` also `etcds://host:port`); a plug-in adds its own scheme to the table, which is a value.
//!
//! ```
//! use std::time::Duration;
//!
//! use kit_registry::{Registration, Schemes, ServiceInstance};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tree = kit_sync::TaskTree::new("example");
//! let registry = Schemes::default().open("memory:", tree.scope())?;
//!
//! let instance = ServiceInstance::builder("7f3a", "helloworld")
//!     .endpoint("http://10.0.0.7:8000".parse()?)
//!     .build()?;
//! let service = instance.name().clone();
//! let registration = Registration::spawn(tree.scope(), registry.registrar.clone(), instance);
//! registration.first(Duration::from_secs(10)).await?;
//!
//! let mut watch = registry.discovery.watch(&service).await?;
//! assert_eq!(watch.next().await?.instances.len(), 1);
//! registration.deregister().await?;
//! assert_eq!(watch.next().await?.instances.len(), 0);
//! # Ok(())
//! # }
//! ```
//!
//! The instances are written as Kratos (Go) writes them, under the same keys, so that services of
//! both kinds find each other.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod backend;
mod backoff;
mod cache;
mod caught;
#[cfg(feature = "conformance")]
pub mod conformance;
mod discovery;
mod endpoint;
mod error;
#[cfg(feature = "etcd")]
mod etcd;
#[cfg(not(feature = "etcd"))]
#[path = "no_etcd.rs"]
mod etcd;
mod files;
mod instance;
mod leased;
#[cfg(feature = "local")]
mod local;
#[cfg(not(feature = "local"))]
#[path = "no_local.rs"]
mod local;
mod memory;
mod nearest;
mod polled;
mod random;
mod redacted;
mod registrar;
mod registration;
mod remarks;
mod schemes;
mod shared_watches;
mod snapshot;
#[cfg(feature = "tls")]
pub mod tls;
mod url;

pub use backend::{Backend, Reach};
pub use cache::Cached;
pub use discovery::Discovery;
pub use endpoint::Endpoint;
pub use error::{Error, LossReason};
pub use instance::{MAX_METADATA, ServiceInstance, ServiceInstanceBuilder, ServiceName};
pub use leased::{Entries, LeasedRegistrar};
pub use memory::Memory;
pub use polled::{Lists, PolledDiscovery};
pub use registrar::Registrar;
pub use registration::{Registration, RegistrationState};
pub use remarks::Remarks;
pub use schemes::Schemes;
pub use shared_watches::{Feed, SharedWatches};
pub use snapshot::{Changed, Closed, Difference, Freshness, Snapshot, Watch};
pub use url::{Login, Parameters, RegistryUrl};
