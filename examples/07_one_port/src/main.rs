//! HTTP and gRPC on one port, encrypted, with a certificate that is replaced while the service runs.
//!
//! ```text
//! openssl req -x509 -newkey ed25519 -nodes -days 30 -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost -keyout tls.key -out tls.crt
//! cargo run -p one_port -- 127.0.0.1:8443 tls.crt tls.key
//! curl --cacert tls.crt https://localhost:8443/hello/kit
//! grpcurl -cacert tls.crt -import-path examples/07_one_port/proto -proto greeter/v1/greeter.proto \
//!     -d '{"name":"kit"}' localhost:8443 greeter.v1.Greeter/Hello
//! ```
//!
//! Run `openssl` once more while the service runs. Within a second new connections get the new certificate;
//! those that are open go on with the old one. A fourth argument is the file of an authority: clients must then
//! show a certificate that it has signed, and are greeted by the names in it.

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use kit::grpc::RequestExt as _;
use kit::{App, AppBuilder, Listen, Peer, Tls, grpc, http};
use tonic::{Request, Response, Status};

mod v1 {
    #![allow(missing_docs, unreachable_pub, clippy::all)]
    tonic::include_proto!("greeter.v1");
}

/// The same words for both protocols. A client is known by its certificate, if it has shown one.
fn greeting(name: &str, peer: &Peer) -> String {
    let names = peer
        .identity()
        .map(|identity| identity.dns_names().join(", "));
    match names {
        Some(names) => format!("Hello {name} of {names}"),
        None => format!("Hello {name}"),
    }
}

async fn hello(Path(name): Path<String>, peer: Peer) -> String {
    greeting(&name, &peer)
}

struct Greeter;

#[tonic::async_trait]
impl v1::greeter_server::Greeter for Greeter {
    async fn hello(
        &self,
        request: Request<v1::HelloRequest>,
    ) -> Result<Response<v1::HelloReply>, Status> {
        let peer = request.peer()?;
        let text = greeting(&request.get_ref().name, peer);
        Ok(Response::new(v1::HelloReply { text }))
    }
}

/// One server: the content type of a request decides between the two.
fn service(listen: Listen, tls: Tls) -> AppBuilder {
    let routes = Router::new().route("/hello/{name}", get(hello));
    let greeter = v1::greeter_server::GreeterServer::new(Greeter);
    let server = http::Server::new(listen, routes)
        .grpc(grpc::Services::new().service(greeter))
        .tls(tls);
    App::builder("one_port").server(server)
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let arguments: Vec<_> = env::args().skip(1).collect();
    let (listen, certificate, key, authority) = match &arguments[..] {
        [listen, certificate, key] => (listen, certificate, key, None),
        [listen, certificate, key, authority] => (listen, certificate, key, Some(authority)),
        _ => {
            eprintln!("usage: one_port ADDRESS CERTIFICATE KEY [AUTHORITY OF CLIENTS]");
            return ExitCode::from(2);
        }
    };
    let mut tls = Tls::new(certificate.as_str(), key.as_str()).reload(Duration::from_secs(1));
    if let Some(authority) = authority {
        tls = tls.require_client_certificates(authority.as_str());
    }
    match listen.parse() {
        Ok(listen) => service(listen, tls).build().main(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
