//! The registry in an etcd cluster, spoken to directly through stubs of our own.
//!
//! Keys are `<namespace>/<name>/<id>`, values the JSON of the instance, each under a lease. What is
//! known about a registration is in [`lease`]; [`keep_alive`] keeps its lease, and [`hold`] watches its
//! key; [`list`] and [`watch`] find instances; [`client`] makes calls to a cluster whose nodes come and go.

mod auth;
mod client;
mod failure;
mod hold;
mod keep_alive;
mod key;
mod lease;
mod list;
mod node;
mod proto;
mod url;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use kit_sync::Scope;

use crate::backend::Open;
use crate::{
    Backend, Discovery, Error, LossReason, Registrar, ServiceInstance, ServiceName, Snapshot, Watch,
};

use auth::Auth;
use client::Client;
use key::Keys;
use lease::Registrations;
use list::Listing;
use node::Node;
use watch::Watches;

/// The opener of the scheme `etcd`.
pub(crate) const OPEN: Option<Open> = Some(open);

/// Opens `etcd://user:password@h1:2379,h2:2379/namespace?ttl=15s`. Connects at the first call.
fn open(url: &str, scope: &Scope) -> Result<Backend, Error> {
    let url::Options {
        endpoints,
        login,
        namespace,
        ttl,
    } = url::parse(url)?;
    let scope = scope.child("etcd");
    let description: Arc<str> = format!("etcd at {}", endpoints.join(", ")).into();
    let auth = login.map(|login| Arc::new(Auth::new(login)));
    let connect = || -> Result<Arc<Client>, Error> {
        let nodes = endpoints.iter().map(|address| {
            Node::new(address, &scope)
                .ok_or_else(|| Error::url(url, "endpoint", address, "host:port"))
        });
        let nodes = nodes.collect::<Result<_, _>>()?;
        let auth = auth.clone();
        let description = Arc::clone(&description);
        Ok(Arc::new(Client::new(
            nodes,
            auth,
            scope.clone(),
            description,
        )))
    };
    let keys = Keys::new(namespace);
    let data = connect()?;
    // On a connection of their own, so that no large list delays a keep-alive.
    let leases = connect()?;
    let listing = Arc::new(Listing::new(Arc::clone(&data), keys.clone()));
    let etcd = Arc::new(Etcd {
        registrations: Registrations::new(data, leases, keys, ttl),
        watches: Watches::new(Arc::clone(&listing), scope),
        listing,
    });
    Ok(Backend::new(&*description, etcd.clone(), etcd))
}

struct Etcd {
    registrations: Registrations,
    listing: Arc<Listing>,
    watches: Watches,
}

#[async_trait]
impl Registrar for Etcd {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.registrations.register(instance).await
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        self.registrations.keep_alive(instance).await
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        self.registrations.hold(instance).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.registrations.deregister(instance).await
    }
}

#[async_trait]
impl Discovery for Etcd {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        Ok(self.listing.list(service).await?.snapshot())
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        self.watches.watch(service).await
    }
}

/// A lease's length as etcd counts it.
fn seconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX)
}

/// The same back.
fn duration(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// How people and `etcdctl` write a lease.
struct LeaseId(i64);

impl fmt::Display for LeaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease {:x}", self.0)
    }
}
