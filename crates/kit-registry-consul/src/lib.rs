//! Registration and discovery in [Consul](https://developer.hashicorp.com/consul), over its HTTP API.
//!
//! ```
//! # use kit_registry::Schemes;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), kit_registry::Error> {
//! # let tree = kit_sync::TaskTree::new("example");
//! let mut schemes = Schemes::default();
//! kit_registry_consul::add_to(&mut schemes);
//! let registry = schemes.open("consul://127.0.0.1:8500/?tag=blue&ttl=20s", tree.scope())?;
//! assert_eq!(registry.description, "consul at 127.0.0.1:8500");
//! # Ok(())
//! # }
//! ```
//!
//! The URL is `consul://token@host:8500/?name=value`, and names the agent of this machine; with the
//! feature `tls` there is `consuls://` as well.
//!
//! | part | default | |
//! |---|---|---|
//! | `token@` | no token | the ACL token, percent-encoded where it holds `/`, `?`, `@`, `:` or `%` |
//! | `host:port` | port 8500 (`consuls`: 8501) | the agent |
//! | `dc` | the agent's | the datacenter in which services are looked for |
//! | `tag` | none | a tag of the instances that are registered; may be there more than once |
//! | `ttl` | `20s` | the time (`2s` to `24h`) after which an instance that is not kept alive is no longer found |
//! | `remove_after` | `10m` | the time (`1m` to `168h`) after which Consul removes such an instance |
//! | `ca`, `cert`, `key`, `server_name` | | of `consuls`: [`kit_registry::tls::ClientTls`] |
//!
//! Instances are written as Kratos (Go) writes them, so that services of both kinds find each other; the
//! parts of an instance that Consul cannot hold in that form stand in a tag beside it.
//!
//! Each call has its own connection, which is driven by the call and ends with it: there is no task
//! but one for each service that is watched.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod agent;
mod backoff;
mod entry;
mod health;
mod owner;
mod registration;
mod requests;
mod service_id;
mod tags;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
mod transport;
mod url;

use std::sync::Arc;

use kit_registry::{Backend, Error, LeasedRegistrar, Schemes};
use kit_sync::Scope;

use agent::Agent;
use health::Health;
use registration::Registrations;

/// Adds the scheme `consul`, and with the feature `tls` also `consuls`.
pub fn add_to(schemes: &mut Schemes) {
    for scheme in tls::SCHEMES {
        schemes.add_checked(*scheme, check, open);
    }
}

/// Looks at a URL as [`open`] does, and opens nothing.
///
/// # Errors
/// Those of [`open`].
pub fn check(url: &str) -> Result<(), Error> {
    url::parse(url).map(drop)
}

/// Opens the registry at a URL such as `consul://token@127.0.0.1:8500/?dc=dc1`. Connects at the first
/// call. Watches are members of a child of `scope`.
///
/// # Errors
/// [`Error::Url`] and [`Error::UnknownParameter`] for a URL with a wrong part. No error holds the token.
pub fn open(url: &str, scope: &Scope) -> Result<Backend, Error> {
    let options = url::parse(url)?;
    let scope = scope.child("consul");
    let description = format!("consul at {}", options.address);
    let agent = Arc::new(Agent::new(&options, &description, scope.token().clone()));
    let ttl = options.service.ttl;
    let registrations = Registrations::new(Arc::clone(&agent), options.service);
    let registrar = LeasedRegistrar::new(Arc::new(registrations), ttl);
    let health = Health::new(agent, options.datacenter, scope);
    Ok(Backend::new(
        description,
        Arc::new(registrar),
        Arc::new(health),
    ))
}
