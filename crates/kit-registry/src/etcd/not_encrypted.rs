//! In place of TLS, without the feature `etcd-tls`.

use tonic::transport::{Channel, Endpoint};

use crate::{Error, Parameters};

/// Whether there is the scheme `etcds`.
pub(super) const IS_KNOWN: bool = false;

/// The names of the parameters of a URL: there are none.
pub(super) const PARAMETERS: [&str; 0] = [];

/// There is none.
#[derive(Debug, Clone)]
pub(super) enum Encryption {}

impl Encryption {
    pub(super) fn from_parameters(parameters: &Parameters<'_>) -> Result<Encryption, Error> {
        let expected = "etcd, or etcds with the feature `etcd-tls`";
        Err(parameters.wrong("scheme", "etcds", expected))
    }

    pub(super) fn at(self, _: &str) -> EncryptedNode {
        match self {}
    }
}

/// There is none.
#[derive(Debug)]
pub(super) enum EncryptedNode {}

impl EncryptedNode {
    pub(super) fn connect_lazy(&self, _: &Endpoint) -> Channel {
        match *self {}
    }

    pub(super) fn take_fault(&self) -> Option<String> {
        match *self {}
    }
}
