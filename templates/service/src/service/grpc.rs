use tonic::{Request, Response, Status};

use crate::{Greeter, biz};
use proto::greeter_server::GreeterServer;
use proto::{FindGreetingRequest, GreetRequest, Greeting};

/// What `build.rs` makes of the proto file.
#[allow(clippy::all, reason = "generated")]
pub mod proto {
    tonic::include_proto!("{{ crate_name }}.v1");
}

/// The descriptors that reflection shows.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

pub fn service(greeter: Greeter) -> GreeterServer<GrpcGreeter> {
    GreeterServer::new(GrpcGreeter(greeter))
}

pub struct GrpcGreeter(Greeter);

impl From<biz::Greeting> for Greeting {
    fn from(greeting: biz::Greeting) -> Greeting {
        Greeting {
            id: greeting.id,
            text: greeting.text(),
            sent: greeting.sent,
        }
    }
}

#[tonic::async_trait]
impl proto::greeter_server::Greeter for GrpcGreeter {
    async fn greet(&self, request: Request<GreetRequest>) -> Result<Response<Greeting>, Status> {
        let greeting = self.0.greet(&request.get_ref().name).await?;
        Ok(Response::new(greeting.into()))
    }

    async fn find_greeting(
        &self,
        request: Request<FindGreetingRequest>,
    ) -> Result<Response<Greeting>, Status> {
        let greeting = self.0.find(request.get_ref().id).await?;
        Ok(Response::new(greeting.into()))
    }
}
