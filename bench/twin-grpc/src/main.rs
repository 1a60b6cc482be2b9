//! helloworld's gRPC method on bare tonic: the peer that Kit is measured against.
//!
//! A separate package, because tonic would switch HTTP/2 on in the `axum::serve` of `twin`.

use std::error::Error;
use std::time::Duration;

use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use proto::greeter_server::{Greeter, GreeterServer};
use proto::{HelloReply, HelloRequest};

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod proto {
    tonic::include_proto!("helloworld.v1");
}

struct Twin;

#[tonic::async_trait]
impl Greeter for Twin {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloReply>, Status> {
        let HelloRequest { name, delay } = request.into_inner();
        if name.chars().count() > 64 {
            return Err(Status::invalid_argument("the name is too long"));
        }
        if !delay.is_empty() {
            let Some(Ok(millis)) = delay.strip_suffix("ms").map(str::parse) else {
                return Err(Status::invalid_argument("not a time such as 500ms"));
            };
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
        let message = format!("Hello {name}");
        Ok(Response::new(HelloReply { message }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address = match arguments.as_slice() {
        [] => "127.0.0.1:0",
        [flag, address] if flag == "--grpc" => address,
        _ => return Err("usage: twin-grpc [--grpc ADDRESS]".into()),
    };
    let incoming = TcpIncoming::bind(address.parse()?)?.with_nodelay(Some(true));
    println!("grpc={}", incoming.local_addr()?);
    let service = GreeterServer::new(Twin);
    Server::builder()
        .add_service(service)
        .serve_with_incoming(incoming)
        .await?;
    Ok(())
}
