//! Bare `axum::serve` and bare tonic in one binary, without limits, timeouts and drain: what a request
//! costs at least.

use std::error::Error;

use bench_greeter::{Addresses, routes, service};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let addresses = Addresses::of_process()?;
    let listener = TcpListener::bind(addresses.http).await?;
    println!("http={}", listener.local_addr()?);
    let incoming = TcpIncoming::bind(addresses.grpc)?.with_nodelay(Some(true));
    println!("grpc={}", incoming.local_addr()?);

    let http = async { axum::serve(listener, routes()).await.map_err(Box::from) };
    let grpc = async {
        let server = Server::builder().add_service(service());
        let served = server.serve_with_incoming(incoming).await;
        served.map_err(Box::<dyn Error>::from)
    };
    tokio::try_join!(http, grpc)?;
    Ok(())
}
