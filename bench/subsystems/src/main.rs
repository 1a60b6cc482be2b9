//! Bare axum and bare tonic as two subsystems of tokio-graceful-shutdown, which takes the signals and waits for both:
//! the servers of the floor with a graceful stop.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bench_greeter::{Addresses, routes, service};
use tokio::net::TcpListener;
use tokio_graceful_shutdown::{SubsystemBuilder, SubsystemHandle, Toplevel};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

type Failed = Box<dyn Error + Send + Sync>;

/// For a whole stop: the value that Kit has by default.
const STOP: Duration = Duration::from_secs(20);

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let Addresses { http, grpc } = Addresses::of_process()?;
    let servers = Toplevel::<Failed>::new(async move |root: &mut SubsystemHandle| {
        root.start(SubsystemBuilder::new(
            "http",
            async move |subsystem: &mut SubsystemHandle| serve_http(subsystem, http).await,
        ));
        root.start(SubsystemBuilder::new(
            "grpc",
            async move |subsystem: &mut SubsystemHandle| serve_grpc(subsystem, grpc).await,
        ));
    });
    let stopped = servers.catch_signals().handle_shutdown_requests(STOP).await;
    Ok(stopped?)
}

async fn serve_http(subsystem: &SubsystemHandle, address: SocketAddr) -> Result<(), Failed> {
    let listener = TcpListener::bind(address).await?;
    println!("http={}", listener.local_addr()?);
    let stop = subsystem.create_cancellation_token();
    let serving = axum::serve(listener, routes());
    Ok(serving
        .with_graceful_shutdown(stop.cancelled_owned())
        .await?)
}

async fn serve_grpc(subsystem: &SubsystemHandle, address: SocketAddr) -> Result<(), Failed> {
    let incoming = TcpIncoming::bind(address)?.with_nodelay(Some(true));
    println!("grpc={}", incoming.local_addr()?);
    let stop = subsystem.create_cancellation_token();
    let server = Server::builder().add_service(service());
    let served = server.serve_with_incoming_shutdown(incoming, stop.cancelled_owned());
    Ok(served.await?)
}
