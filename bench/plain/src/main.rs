//! Kit as it is by default, without layers: HTTP and gRPC, no registry.

use std::process::ExitCode;

use bench_greeter::{Addresses, routes, service};
use kit::{App, grpc, http};

fn main() -> ExitCode {
    let addresses = match Addresses::of_process() {
        Ok(addresses) => addresses,
        Err(error) => {
            eprintln!("bench-plain: {error}");
            return ExitCode::FAILURE;
        }
    };
    App::builder("bench-plain")
        .server(http::Server::new(addresses.http, routes()))
        .server(grpc::Server::new(addresses.grpc).service(service()))
        .after_start("print addresses", async |app| {
            for endpoint in app.handle().info().endpoints().iter() {
                println!("{}={}", endpoint.scheme(), endpoint.authority());
            }
            Ok(())
        })
        .build()
        .main()
}
