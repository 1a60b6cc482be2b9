//! The registry in an etcd cluster, over gRPC stubs that are generated here.
//!
//! Keys are `<namespace>/<name>/<id>`, values the JSON of the instance, each under a lease. An
//! [`entry`] makes the calls about one instance: it is registered and taken away, its lease is kept
//! alive, and its key is watched. The [`ledger`] has the account of its leases and puts. [`list`] and
//! [`watch`] find instances. A [`client`] makes calls to a [`cluster`], whose nodes come and go, with
//! the token that [`auth`] gets.

mod auth;
mod client;
mod cluster;
#[cfg(feature = "etcd-tls")]
#[path = "etcd/encrypted.rs"]
mod encryption;
#[cfg(not(feature = "etcd-tls"))]
#[path = "etcd/not_encrypted.rs"]
mod encryption;
mod entry;
mod failure;
mod key;
mod ledger;
mod list;
mod node;
mod proto;
mod units;
mod url;
mod watch;
mod watch_stream;

use std::sync::Arc;

use async_trait::async_trait;
use kit_sync::Scope;

use crate::backend::Open;
use crate::{
    Backend, Discovery, Error, LossReason, Registrar, Remarks, ServiceInstance, ServiceName,
    SharedWatches, Snapshot, Watch,
};

use auth::Auth;
use client::Client;
use cluster::Cluster;
use entry::{Registrations, hold, keep_alive, lease};
use key::Keys;
use list::Listing;
use node::Node;

/// The opener of the scheme `etcd`.
pub(crate) const OPEN: Option<Open> = Some(open);

/// The opener of the scheme `etcds`.
pub(crate) const OPEN_ENCRYPTED: Option<Open> = match encryption::IS_KNOWN {
    true => Some(open),
    false => None,
};

/// Looks at a URL as the opener does.
pub(crate) fn check(url: &str) -> Result<(), Error> {
    url::parse(url).map(drop)
}

/// Opens `etcd://user:password@h1:2379,h2:2379/namespace?ttl=15s`, or `etcds://` with TLS. Connects at
/// the first call.
fn open(url: &str, scope: &Scope) -> Result<Backend, Error> {
    let url::Options {
        endpoints,
        credentials,
        namespace,
        ttl,
        encryption,
    } = url::parse(url)?;
    let scope = scope.child("etcd");
    let description: Arc<str> = format!("etcd at {}", endpoints.join(", ")).into();
    let remarks = Remarks::new();
    let auth = credentials.map(|login| Arc::new(Auth::new(login, remarks.clone())));
    let connect = |is_pinged| -> Result<Arc<Client>, Error> {
        let nodes = endpoints.iter().map(|address| {
            Node::new(address, encryption.clone(), is_pinged, &scope)
                .ok_or_else(|| Error::url(url, "endpoint", address, "host:port"))
        });
        let nodes = nodes.collect::<Result<_, _>>()?;
        let auth = auth.clone();
        let description = Arc::clone(&description);
        let cluster = Cluster::new(nodes, scope.clone(), description);
        Ok(Arc::new(Client::new(cluster, auth)))
    };
    let keys = Keys::new(namespace);
    // A watch asks for its progress in place of pings.
    let data = connect(false)?;
    // A client, and so a connection, for leases alone: no large list delays a keep-alive.
    let leases = connect(true)?;
    let listing = Arc::new(Listing::new(Arc::clone(&data), keys.clone()));
    let etcd = Arc::new(Etcd {
        registrations: Registrations::new(data, leases, keys, ttl, remarks.clone()),
        watches: SharedWatches::new(scope),
        listing,
        remarks,
    });
    Ok(Backend::new(&*description, etcd.clone(), etcd))
}

struct Etcd {
    registrations: Registrations,
    listing: Arc<Listing>,
    watches: SharedWatches,
    remarks: Remarks,
}

#[async_trait]
impl Registrar for Etcd {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        lease::register(&self.registrations, instance).await
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        keep_alive::keep_alive(&self.registrations, instance).await
    }

    async fn hold(&self, instance: &ServiceInstance) -> LossReason {
        hold::hold(&self.registrations, instance).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        lease::deregister(&self.registrations, instance).await
    }

    fn remarks(&self) -> Remarks {
        self.remarks.clone()
    }
}

#[async_trait]
impl Discovery for Etcd {
    async fn instances(&self, service: &ServiceName) -> Result<Snapshot, Error> {
        Ok(self.listing.list(service).await?.snapshot())
    }

    async fn watch(&self, service: &ServiceName) -> Result<Watch, Error> {
        watch::watch(&self.watches, &self.listing, service).await
    }
}
