//! The service as a process: both protocols at its port, and the certificate that clients are shown.
#![cfg(unix)]

mod certificates;

use certificates::{Authority, Connection, connect};
use kit_test_support::{Process, Signal};
use tempfile::TempDir;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use v1::greeter_client::GreeterClient;

mod v1 {
    #![allow(missing_docs, unreachable_pub, dead_code, clippy::all)]
    tonic::include_proto!("greeter.v1");
}

struct Service {
    process: Process,
    address: String,
    files: TempDir,
}

impl Service {
    /// Starts it with a certificate of this authority. Clients need one of the other authority, if there is one.
    async fn start(authority: &Authority, clients: Option<&Authority>) -> Service {
        let files = tempfile::tempdir().expect("a folder");
        authority.server().write(files.path());
        let path = |name: &str| files.path().join(name).to_str().expect("a text").to_owned();
        let mut args = vec!["127.0.0.1:0".to_owned(), path("tls.crt"), path("tls.key")];
        if let Some(clients) = clients {
            std::fs::write(path("ca.crt"), clients.pem()).expect("a file");
            args.push(path("ca.crt"));
        }
        let args: Vec<_> = args.iter().map(String::as_str).collect();
        let mut process = Process::spawn(env!("CARGO_BIN_EXE_one_port"), &args);
        process.line(" ready").await;
        let address = process.field("https").await;
        Service {
            process,
            address,
            files,
        }
    }

    async fn connect(&self, authority: &Authority) -> Connection {
        connect(&self.address, authority, None)
            .await
            .expect("a handshake")
    }

    async fn greeter(
        &self,
        authority: &Authority,
        own: Option<Identity>,
    ) -> GreeterClient<Channel> {
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(authority.pem()))
            .domain_name("localhost");
        let tls = match own {
            Some(own) => tls.identity(own),
            None => tls,
        };
        let endpoint = Channel::from_shared(format!("https://{}", self.address)).expect("a URI");
        let endpoint = endpoint.tls_config(tls).expect("its certificates");
        GreeterClient::new(endpoint.connect().await.expect("a handshake"))
    }
}

async fn hello(greeter: &mut GreeterClient<Channel>) -> String {
    let name = "kit".to_owned();
    let reply = greeter.hello(v1::HelloRequest { name }).await;
    reply.expect("a reply").into_inner().text
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections_and_no_open_one_is_dropped() {
    let (old, new) = (Authority::new(), Authority::new());
    let mut service = Service::start(&old, None).await;
    let mut http = service.connect(&old).await;
    let mut grpc = service.greeter(&old, None).await;
    let shown = http.shown();
    assert_eq!(http.get("/hello/kit").await, "Hello kit");
    assert_eq!(hello(&mut grpc).await, "Hello kit");

    let renewed = new.server();
    renewed.write(service.files.path());
    service
        .process
        .line("the files of TLS have changed, and are used")
        .await;

    let mut new_http = service.connect(&new).await;
    assert_ne!(new_http.shown(), shown);
    assert_eq!(new_http.shown(), renewed.der());
    let refused = connect(&service.address, &old, None).await;
    assert!(
        refused.is_err(),
        "the old certificate is not served any more"
    );
    let mut new_grpc = service.greeter(&new, None).await;
    for http in [&mut http, &mut new_http] {
        assert_eq!(http.get("/hello/kit").await, "Hello kit");
    }
    for grpc in [&mut grpc, &mut new_grpc] {
        assert_eq!(hello(grpc).await, "Hello kit");
    }
    assert_eq!(http.shown(), shown, "it is the connection of before");

    service.process.signal(Signal::TERM);
    for http in [http, new_http] {
        http.expect_orderly_end().await;
    }
    let exit = service.process.exit_with(0).await;
    assert_eq!(exit.count("not all had ended"), 0, "{}", exit.text());
}

#[tokio::test]
async fn files_that_cannot_be_used_leave_the_certificate_as_it_is() {
    let authority = Authority::new();
    let mut service = Service::start(&authority, None).await;
    let shown = service.connect(&authority).await.shown();
    std::fs::write(service.files.path().join("tls.crt"), "broken").expect("a file");
    service.process.line("the old one stays").await;
    let mut http = service.connect(&authority).await;
    assert_eq!(http.shown(), shown);
    assert_eq!(http.get("/hello/kit").await, "Hello kit");
    service.process.terminate().await;
}

#[tokio::test]
async fn clients_are_known_by_their_certificates_on_both_protocols() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let service = Service::start(&authority, Some(&clients)).await;
    let own = clients.client();
    let mut http = connect(&service.address, &authority, Some(&own))
        .await
        .expect("a handshake");
    let expected = "Hello kit of orders.example.org";
    assert_eq!(http.get("/hello/kit").await, expected);
    let mut grpc = service.greeter(&authority, Some(own.identity())).await;
    assert_eq!(hello(&mut grpc).await, expected);
    // In TLS 1.3 a client learns that it was refused when it reads.
    let mut stranger = service.connect(&authority).await;
    let refused = stranger.try_get("/hello/kit").await;
    assert!(refused.is_err(), "{refused:?}");
    service.process.terminate().await;
}

#[tokio::test]
async fn files_that_are_not_there_fail_the_start() {
    let args = ["127.0.0.1:0", "/none/tls.crt", "/none/tls.key"];
    let process = Process::spawn(env!("CARGO_BIN_EXE_one_port"), &args);
    let exit = process.exit_with(1).await;
    exit.expect_order(&["/none/tls.crt"]);
    assert_eq!(exit.count(" ready: "), 0, "{}", exit.text());
}
