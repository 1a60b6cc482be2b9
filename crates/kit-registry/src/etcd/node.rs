//! One etcd endpoint and the connection to it.

use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use kit_sync::Scope;
use tonic::transport::{Channel, Endpoint};

use super::encryption::{EncryptedNode, Encryption};

const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// etcd cuts clients that ping faster than every 5 s, or without an open stream. The proxies of 3.4 cut those that
/// ping three times while nothing else comes.
const PING_EVERY: Duration = Duration::from_secs(6);
const PING_LIMIT: Duration = Duration::from_secs(3);

/// One endpoint. Its connection is made at the first use and again after it was lost; a member of
/// the scope drives it until the scope is cancelled.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) address: String,
    endpoint: Endpoint,
    encrypted: Option<EncryptedNode>,
    channel: Mutex<Versioned>,
}

/// A connection and its number, so that only the connection that failed is given up.
#[derive(Debug, Default)]
struct Versioned {
    version: u64,
    channel: Option<Channel>,
}

impl Node {
    /// `None` when the address is no authority of a URI.
    pub(super) fn new(
        address: &str,
        encryption: Option<Encryption>,
        is_pinged: bool,
        scope: &Scope,
    ) -> Option<Node> {
        let mut endpoint = Endpoint::from_shared(format!("http://{address}"))
            .ok()?
            .connect_timeout(CONNECT_LIMIT)
            .executor(Executor(scope.clone()));
        if is_pinged {
            endpoint = endpoint
                .http2_keep_alive_interval(PING_EVERY)
                .keep_alive_timeout(PING_LIMIT)
                .keep_alive_while_idle(false);
        }
        Some(Node {
            address: address.to_owned(),
            endpoint,
            encrypted: encryption.map(|encryption| encryption.at(address)),
            channel: Mutex::default(),
        })
    }

    /// The connection and its number.
    pub(super) fn channel(&self) -> (Channel, u64) {
        let mut current = kit_sync::lock(&self.channel);
        let channel = current
            .channel
            .get_or_insert_with(|| match &self.encrypted {
                None => self.endpoint.connect_lazy(),
                Some(node) => node.connect_lazy(&self.endpoint),
            })
            .clone();
        (channel, current.version)
    }

    /// The error that ended the last connection, once, where that says more than the call that failed.
    pub(super) fn take_fault(&self) -> Option<String> {
        self.encrypted.as_ref()?.take_fault()
    }

    /// Gives up the connection with this number: the peer may have forgotten it without a reset, and
    /// then TCP would retransmit for minutes.
    pub(super) fn give_up(&self, version: u64) {
        let mut current = kit_sync::lock(&self.channel);
        if current.version == version {
            current.version += 1;
            current.channel = None;
        }
    }
}

/// Runs the drivers of connections as members of a scope, until it is cancelled.
struct Executor(Scope);

type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

impl hyper::rt::Executor<Driver> for Executor {
    fn execute(&self, driver: Driver) {
        let stop = self.0.token().clone();
        let member = async move {
            stop.run_until_cancelled(driver).await;
        };
        // On an ended scope the driver is dropped: the calls on it fail.
        drop(self.0.track(member));
    }
}
