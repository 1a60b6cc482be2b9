//! helloworld's service.

use std::time::Duration;

use tonic::{Request, Response, Status};

use proto::greeter_server::{Greeter, GreeterServer};
use proto::{HelloReply, HelloRequest};

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod proto {
    tonic::include_proto!("helloworld.v1");
}

/// Longer than any client's patience: only a deadline ends a call that asks for a delay.
const DELAY: Duration = Duration::from_secs(60);

pub(crate) fn service() -> GreeterServer<impl Greeter> {
    GreeterServer::new(Greetings)
}

struct Greetings;

#[tonic::async_trait]
impl Greeter for Greetings {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let HelloRequest { name, delay } = request.into_inner();
        if !delay.is_empty() {
            tokio::time::sleep(DELAY).await;
        }
        let message = format!("Hello {name}");
        Ok(Response::new(HelloReply { message }))
    }
}
