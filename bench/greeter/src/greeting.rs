//! The greeting over gRPC.

use tonic::{Request, Response, Status};

use crate::proto::greeter_server::{Greeter, GreeterServer};
use crate::proto::{HelloReply, HelloRequest};
use crate::{LONGEST_NAME, parse_delay};

/// The method's implementation.
#[derive(Clone, Copy, Debug)]
pub struct Greeting;

/// `helloworld.v1.Greeter`.
pub fn service() -> GreeterServer<Greeting> {
    GreeterServer::new(Greeting)
}

#[tonic::async_trait]
impl Greeter for Greeting {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let HelloRequest { name, delay } = request.into_inner();
        if name.chars().count() > LONGEST_NAME {
            return Err(Status::invalid_argument("the name is too long"));
        }
        if !delay.is_empty() {
            let Some(delay) = parse_delay(&delay) else {
                return Err(Status::invalid_argument("not a time such as 500ms"));
            };
            tokio::time::sleep(delay).await;
        }
        let message = format!("Hello {name}");
        Ok(Response::new(HelloReply { message }))
    }
}
