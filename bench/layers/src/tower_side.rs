//! Bare axum and tonic, with the layers that are usual there.

use std::error::Error;
use std::process::ExitCode;

use bench_greeter::Addresses;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;

use crate::{axum_side, tonic_side};

pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// Serves with the counterpart of the stack of this name.
///
/// # Errors
///
/// A name of which there is no counterpart, or a server that fails.
#[tokio::main]
pub(crate) async fn serve(addresses: Addresses, name: &str) -> Result<ExitCode, String> {
    let missing = || format!("--layers: there is no counterpart of `{name}`");
    let router = axum_side::router(name).ok_or_else(missing)?;
    let served = async {
        let listener = TcpListener::bind(addresses.http).await?;
        println!("http={}", listener.local_addr()?);
        let incoming = TcpIncoming::bind(addresses.grpc)?.with_nodelay(Some(true));
        println!("grpc={}", incoming.local_addr()?);
        let http = async { axum::serve(listener, router).await.map_err(Failed::from) };
        let grpc = tonic_side::serve(name, incoming);
        tokio::try_join!(http, grpc)
    };
    served.await.map_err(|error| error.to_string())?;
    Ok(ExitCode::SUCCESS)
}
