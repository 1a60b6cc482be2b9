//! helloworld's greeting over TLS, HTTP and gRPC on one port, for clients that others have written.
//!
//! helloworld itself speaks no TLS. `conformance FOLDER` makes a certificate for `localhost` and
//! leaves it in the folder as `tls.crt`.

use std::error::Error;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract;
use axum::routing::get;
use kit::{App, Tls, grpc, http};
use tonic::{Request, Response, Status};

use proto::greeter_server::{Greeter, GreeterServer};
use proto::{HelloReply, HelloRequest};

#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
mod proto {
    tonic::include_proto!("helloworld.v1");
}

const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/helloworld.bin"));
/// Longer than any client's patience: only a deadline ends a call that asks for a delay.
const DELAY: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: conformance FOLDER");
        return ExitCode::FAILURE;
    };
    let folder = Path::new(&folder);
    if let Err(error) = certify(folder) {
        eprintln!(
            "conformance: no certificate in {}: {error}",
            folder.display()
        );
        return ExitCode::FAILURE;
    }

    let services = grpc::Services::new()
        .service(GreeterServer::new(Greetings))
        .reflection(DESCRIPTORS);
    let routes = Router::new().route("/helloworld/{name}", get(hello));
    let server = http::Server::new((Ipv4Addr::LOCALHOST, 0), routes)
        .grpc(services)
        .tls(Tls::new(folder.join("tls.crt"), folder.join("tls.key")));
    App::builder("conformance").server(server).build().main()
}

fn certify(folder: &Path) -> Result<(), Box<dyn Error>> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(folder.join("tls.crt"), signed.cert.pem())?;
    fs::write(folder.join("tls.key"), signed.signing_key.serialize_pem())?;
    Ok(())
}

async fn hello(extract::Path(name): extract::Path<String>) -> String {
    format!("Hello {name}")
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
