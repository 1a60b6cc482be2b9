//! A client that shares nothing with Kit's. Its messages are written here by hand, so it sees the same as
//! other programs.

use kit_test_support::Etcd;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

use super::key;

/// A client of one etcd.
pub(crate) struct EtcdClient(Channel);

/// What a key holds.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(int64, tag = "3")]
    pub(crate) revision: i64,
    #[prost(string, tag = "5")]
    pub(crate) value: String,
    #[prost(int64, tag = "6")]
    pub(crate) lease: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Range {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Header {
    #[prost(int64, tag = "3")]
    revision: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Ranged {
    #[prost(message, optional, tag = "1")]
    header: Option<Header>,
    #[prost(message, repeated, tag = "2")]
    found: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct LeaseId {
    #[prost(int64, tag = "1")]
    id: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Lease {
    #[prost(int64, tag = "4")]
    granted: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Leases {
    #[prost(message, repeated, tag = "2")]
    leases: Vec<LeaseId>,
}

#[derive(Clone, PartialEq, Message)]
struct Nothing {}

impl EtcdClient {
    pub(crate) fn of(etcd: &Etcd) -> EtcdClient {
        let url = format!("http://{}", etcd.address());
        let endpoint = Endpoint::from_shared(url).expect("an address");
        EtcdClient(endpoint.connect_lazy())
    }

    /// Whether this instance of helloworld is shown.
    pub(crate) async fn shows(&self, id: &str) -> bool {
        self.get(&key(id)).await.is_some()
    }

    pub(crate) async fn get(&self, key: &str) -> Option<KeyValue> {
        let ranged: Ranged = self.must("KV/Range", range(key)).await;
        ranged.found.into_iter().next()
    }

    /// The revision; 1 in an etcd in which no key was ever written.
    pub(crate) async fn revision(&self) -> i64 {
        let ranged: Ranged = self.must("KV/Range", range("x")).await;
        ranged.header.expect("a header").revision
    }

    pub(crate) async fn delete(&self, key: &str) {
        let _: Nothing = self.must("KV/DeleteRange", range(key)).await;
    }

    /// The length of a lease as granted, in seconds.
    pub(crate) async fn granted(&self, id: i64) -> i64 {
        let lease: Lease = self.must("Lease/LeaseTimeToLive", LeaseId { id }).await;
        lease.granted
    }

    /// How many leases there are.
    pub(crate) async fn leases(&self) -> usize {
        let leases: Leases = self.must("Lease/LeaseLeases", Nothing {}).await;
        leases.leases.len()
    }

    async fn must<M: Asked, R: Asked>(&self, method: &str, message: M) -> R {
        let asked = self.ask(method, message).await;
        asked.unwrap_or_else(|status| panic!("{method}: {status}"))
    }

    async fn ask<M: Asked, R: Asked>(&self, method: &str, message: M) -> Result<R, Status> {
        let path = format!("/etcdserverpb.{method}");
        let path = PathAndQuery::try_from(path).expect("a path");
        let mut grpc = Grpc::new(self.0.clone());
        let ready = grpc.ready().await;
        ready.map_err(|error| Status::from_error(error.into()))?;
        let codec = ProstCodec::default();
        let response = grpc.unary(Request::new(message), path, codec).await?;
        Ok(response.into_inner())
    }
}

trait Asked: Message + Default + 'static {}
impl<M: Message + Default + 'static> Asked for M {}

fn range(key: &str) -> Range {
    Range {
        key: key.as_bytes().to_vec(),
    }
}
