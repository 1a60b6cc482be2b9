//! HTTP and gRPC as a good engineer serves them without Kit: axum and tonic, with the limits, timers and
//! the graceful stop that the usual crates have.

mod grpc;
mod http;
mod limits;
mod stop;

use std::error::Error;

use bench_greeter::Addresses;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::server::TcpIncoming;

use self::stop::Signals;

type Failed = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let addresses = Addresses::of_process()?;
    let signals = Signals::new()?;
    let listener = TcpListener::bind(addresses.http).await?;
    println!("http={}", listener.local_addr()?);
    let incoming = TcpIncoming::bind(addresses.grpc)?;
    println!("grpc={}", incoming.local_addr()?);

    let stop = CancellationToken::new();
    let servers = async {
        tokio::try_join!(
            http::serve(listener, stop.clone()),
            grpc::serve(incoming, stop.clone())
        )
    };
    tokio::select! {
        served = servers => served.map(drop),
        overdue = stop::within_deadline(signals, &stop) => Err(overdue),
    }
}
