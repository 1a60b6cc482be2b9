//! The registry of a test.

use kit_test_support::{Consul, Etcd};

/// A real one; killed when dropped.
pub(super) enum Server {
    Etcd(Etcd),
    Consul(Consul),
}

impl Server {
    pub(super) async fn etcd() -> Server {
        Server::Etcd(Etcd::start().await)
    }

    pub(super) async fn consul() -> Server {
        Server::Consul(Consul::start().await)
    }

    /// Its URL, which is the same for both sides.
    pub(super) fn url(&self) -> String {
        match self {
            Server::Etcd(etcd) => etcd.url(""),
            Server::Consul(consul) => format!("consul://{}", consul.address()),
        }
    }

    /// The URL for a program of Kratos at whose endpoints nothing need listen.
    pub(super) fn unchecked_url(&self) -> String {
        match self {
            Server::Etcd(_) => self.url(),
            Server::Consul(_) => format!("{}?health_check=false", self.url()),
        }
    }

    /// The id under which Kratos sees an instance of Kit: in Consul that of the entry, which has the name
    /// of the service.
    pub(super) fn id_for_kratos(&self, name: &str, id: &str) -> String {
        match self {
            Server::Etcd(_) => id.to_owned(),
            Server::Consul(_) => format!("{name}:{id}"),
        }
    }

    /// Whether a watcher of Kratos sees that the last instance of a service has left.
    pub(super) fn is_last_seen_leaving(&self) -> bool {
        matches!(self, Server::Etcd(_))
    }
}
