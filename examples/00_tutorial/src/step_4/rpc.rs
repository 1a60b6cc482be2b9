//! The greeting over gRPC.

use tonic::{Request, Response, Status};

use super::greeting::Greeting;
use proto::greeter_server::{Greeter, GreeterServer};
use proto::{HelloReply, HelloRequest};

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod proto {
    tonic::include_proto!("greeter.v1");
}

/// What reflection shows.
pub(crate) const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/greeter.bin"));

pub(crate) fn service(greeting: Greeting) -> GreeterServer<Rpc> {
    GreeterServer::new(Rpc(greeting))
}

pub(crate) struct Rpc(Greeting);

#[tonic::async_trait]
impl Greeter for Rpc {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let message = self.0.greet(&request.get_ref().name)?;
        Ok(Response::new(HelloReply { message }))
    }
}
