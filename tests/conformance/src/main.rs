//! The servers for clients from other projects, besides helloworld.
//!
//! `conformance FOLDER` serves on three ports: HTTP, gRPC, and both of them over TLS. helloworld
//! itself speaks no TLS, and has no service that the clients of gRPC's own project know. The program
//! makes a certificate for `localhost` and leaves it in the folder as `tls.crt`.

mod greetings;
mod interop;
mod routes;

use std::error::Error;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;

use kit::{App, Tls, grpc, http};

const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
const ANY_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Takes one argument, a folder: its certificate is written there, for clients to trust. It serves HTTP,
/// gRPC, and both over TLS, each on a free port.
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

    let tls = Tls::new(folder.join("tls.crt"), folder.join("tls.key"));
    let secure = http::Server::new(ANY_PORT, routes::routes())
        .name("secure")
        .grpc(
            grpc::Services::new()
                .service(greetings::service())
                .service(interop::service())
                .reflection(DESCRIPTORS),
        )
        .tls(tls);
    App::builder("conformance")
        .server(http::Server::new(ANY_PORT, routes::routes()))
        .server(
            grpc::Server::new(ANY_PORT)
                .service(interop::service())
                .reflection(DESCRIPTORS),
        )
        .server(secure)
        .build()
        .main()
}

fn certify(folder: &Path) -> Result<(), Box<dyn Error>> {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    fs::write(folder.join("tls.crt"), signed.cert.pem())?;
    fs::write(folder.join("tls.key"), signed.signing_key.serialize_pem())?;
    Ok(())
}
