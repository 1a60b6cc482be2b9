//! TLS with real certificates, made for each test.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use kit_transport::grpc::RequestExt as _;
use kit_transport::{Cut, Peer, Pem, StartError, Tls, grpc, http};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo};
use tonic::transport::{Certificate, Channel, ClientTlsConfig};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, no_task_is_left};
use crate::traffic;

mod late;
mod unusable;
mod validity;

/// A certificate and its key, in PEM.
pub(crate) struct Signed {
    certificate: String,
    key: String,
}

pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Authority(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    fn sign(&self, names: &[SanType]) -> Signed {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Signed {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    pub(crate) fn server(&self) -> Signed {
        self.sign(&[SanType::DnsName("localhost".try_into().unwrap())])
    }

    fn client(&self) -> Signed {
        let uri = "spiffe://example.org/orders".try_into().unwrap();
        let name = "orders.example.org".try_into().unwrap();
        self.sign(&[SanType::URI(uri), SanType::DnsName(name)])
    }
}

impl Signed {
    pub(crate) fn tls(&self) -> Tls {
        let certificate = Pem::bytes(self.certificate.as_bytes());
        Tls::new(certificate, Pem::bytes(self.key.as_bytes()))
    }

    fn write(&self, folder: &Path) {
        // As Kubernetes does: the new file takes the old one's place at once.
        for (name, text) in [("tls.crt", &self.certificate), ("tls.key", &self.key)] {
            let new = folder.join("new");
            std::fs::write(&new, text).unwrap();
            std::fs::rename(new, folder.join(name)).unwrap();
        }
    }
}

/// A client that trusts the servers of one authority.
pub(crate) struct Client(ClientConfig);

impl Client {
    pub(crate) fn of(authority: &Authority, own: Option<&Signed>, protocols: &[&str]) -> Client {
        let mut roots = RootCertStore::empty();
        let pem = authority.pem();
        let root = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        roots.add(root).unwrap();
        let ring = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(ring)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => {
                let chain = CertificateDer::from_pem_slice(own.certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        Client(config)
    }

    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(self.0.clone()));
        connector.connect(name, stream).await
    }

    async fn get(&self, address: SocketAddr) -> std::io::Result<String> {
        let mut stream = self.connect(address).await?;
        get(&mut stream, "close").await
    }
}

async fn get(stream: &mut TlsStream<TcpStream>, connection: &str) -> std::io::Result<String> {
    let request = format!("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: {connection}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"!") {
        answer.push(
            timeout(PATIENCE, stream.read_u8())
                .await
                .expect("it answers")?,
        );
    }
    Ok(String::from_utf8(answer).expect("text"))
}

fn routes() -> Router {
    Router::new().route("/", axum::routing::get(show_peer))
}

async fn show_peer(peer: Peer) -> String {
    let identity = peer.identity();
    let names = identity.map(|identity| (identity.uris(), identity.dns_names()));
    let shown = identity.map_or(0, |identity| identity.certificates().len());
    format!("{names:?} {shown}!")
}

async fn serve(tls: Tls) -> Fixture {
    Fixture::start(http::Server::new(ANY_PORT, routes()).tls(tls)).await
}

#[tokio::test]
async fn both_versions_of_http_are_offered_by_alpn() {
    let authority = Authority::new();
    let server = serve(authority.server().tls()).await;
    for (offered, chosen) in [
        (&["h2", "http/1.1"][..], Some("h2")),
        (&["http/1.1"], Some("http/1.1")),
        (&[], None),
    ] {
        let client = Client::of(&authority, None, offered);
        let stream = client.connect(server.address).await.unwrap();
        let protocol = stream.get_ref().1.alpn_protocol();
        assert_eq!(protocol, chosen.map(str::as_bytes));
    }
    let answer = Client::of(&authority, None, &[]).get(server.address).await;
    assert!(answer.unwrap().ends_with("None 0!"));
    server
        .stop_within(PATIENCE)
        .await
        .nothing_cut()
        .before_its_deadline();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_handshake_that_fails_is_counted_and_is_no_request() {
    let authority = Authority::new();
    let server = serve(authority.server().tls()).await;
    let meter = server.ctx.meter().clone();
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    // The server's alert, and the end of the connection.
    let mut answer = Vec::new();
    timeout(PATIENCE, plain.read_to_end(&mut answer))
        .await
        .expect("it is refused")
        .unwrap();
    let client = Client::of(&authority, None, &[]);
    client.get(server.address).await.unwrap();
    server.stop_within(PATIENCE).await.nothing_cut();
    assert_eq!(traffic::counts(meter.traffic()), (0, 2, 0, 1, 1));
}

#[tokio::test]
async fn an_idle_connection_gets_a_close_notify_when_the_server_stops() {
    let authority = Authority::new();
    let server = serve(authority.server().tls()).await;
    let client = Client::of(&authority, None, &[]);
    let mut stream = client.connect(server.address).await.unwrap();
    get(&mut stream, "keep-alive").await.unwrap();
    server
        .stop_within(PATIENCE)
        .await
        .nothing_cut()
        .before_its_deadline();
    // Without a close_notify the read would be an error.
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn a_client_must_show_a_certificate_where_that_is_required() {
    let authority = Authority::new();
    let tls = authority.server().tls();
    let server = serve(tls.require_client_certificates(Pem::bytes(authority.pem()))).await;
    let own = authority.client();
    let known = Client::of(&authority, Some(&own), &[])
        .get(server.address)
        .await;
    let expected = r#"Some((["spiffe://example.org/orders"], ["orders.example.org"])) 1!"#;
    assert!(known.unwrap().ends_with(expected));
    let stranger = Authority::new().client();
    for refused in [None, Some(&stranger)] {
        let client = Client::of(&authority, refused, &[]);
        assert!(client.get(server.address).await.is_err());
    }
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_client_may_show_a_certificate_where_that_is_accepted() {
    let authority = Authority::new();
    let tls = authority.server().tls();
    let server = serve(tls.accept_client_certificates(Pem::bytes(authority.pem()))).await;
    let own = authority.client();
    let known = Client::of(&authority, Some(&own), &[])
        .get(server.address)
        .await;
    assert!(known.unwrap().ends_with(" 1!"));
    let anonymous = Client::of(&authority, None, &[]).get(server.address).await;
    assert!(anonymous.unwrap().ends_with("None 0!"));
    let stranger = Authority::new().client();
    let stranger = Client::of(&authority, Some(&stranger), &[]);
    assert!(stranger.get(server.address).await.is_err());
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn changed_files_are_for_new_connections_and_broken_ones_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let old = Authority::new();
    old.server().write(folder.path());
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    let every = Duration::from_millis(5);
    let server = serve(Tls::new(certificate.clone(), key).reload(every)).await;
    let client = Client::of(&old, None, &[]);
    let mut open = client.connect(server.address).await.unwrap();
    get(&mut open, "keep-alive").await.unwrap();

    let new = Authority::new();
    new.server().write(folder.path());
    let renewed = Client::of(&new, None, &[]);
    let seen = async {
        while renewed.get(server.address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, seen)
        .await
        .expect("the new certificate is served");
    assert!(client.connect(server.address).await.is_err());
    get(&mut open, "keep-alive").await.unwrap();

    std::fs::write(certificate, "broken").unwrap();
    // The requests take long enough for the files to be read many times.
    for _ in 0..50 {
        renewed.get(server.address).await.unwrap();
    }
    get(&mut open, "keep-alive").await.unwrap();
    server.stop_within(PATIENCE).await.nothing_cut();
    no_task_is_left().await;
}

#[tokio::test]
async fn files_that_tls_cannot_use_are_named() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (good, stranger) = (authority.server(), other.server());
    let pem = |text: &str| Pem::bytes(text);
    let start = async |tls: Tls| {
        let tree = kit_sync::TaskTree::new("test");
        let (_, seen) = tokio::sync::watch::channel(kit_transport::Lifecycle::new());
        let ctx = kit_transport::Context::new(tree.scope().child("http"), seen);
        let server = http::Server::new(ANY_PORT, Router::new()).tls(tls);
        let started = kit_transport::Server::start(&server, &ctx).await;
        *started.unwrap_err().downcast::<StartError>().unwrap()
    };
    for (tls, expected) in [
        (
            Tls::new("/none/tls.crt", "/none/tls.key"),
            "the file from /none/tls.crt cannot be used",
        ),
        (
            Tls::new(pem("nothing"), pem(&good.key)),
            "the certificate from 7 bytes in memory cannot be used",
        ),
        (
            Tls::new(pem(&good.certificate), pem("nothing")),
            "the private key from 7 bytes in memory cannot be used",
        ),
        (
            good.tls().require_client_certificates(pem("nothing")),
            "the authority for client certificates from 7 bytes in memory cannot be used",
        ),
    ] {
        let error = start(tls).await;
        assert_eq!(
            error.to_string(),
            format!("could not set up TLS: {expected}")
        );
    }
    let mixed = Tls::new(pem(&good.certificate), pem(&stranger.key));
    let error = start(mixed).await;
    assert!(
        kit_sync::error_chain(&error).contains("keys may not be consistent"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_hello_that_stops_holds_up_no_other_client_and_is_closed_at_its_limit() {
    let authority = Authority::new();
    let limit = Duration::from_millis(200);
    let server = serve(authority.server().tls().handshake_timeout(limit)).await;
    let mut stuck = Raw::connect(server.address).await;
    // A record of 512 bytes is announced, and two bytes of it come.
    stuck.send([0x16, 3, 1, 2, 0, 1, 0]).await;
    let client = Client::of(&authority, None, &[]);
    client.get(server.address).await.unwrap();
    stuck.read_to_close().await;
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_hello_that_stops_does_not_hold_up_the_stop() {
    let authority = Authority::new();
    let server = serve(authority.server().tls()).await;
    let mut silent = Raw::connect(server.address).await;
    let mut stuck = Raw::connect(server.address).await;
    stuck.send([0x16, 3, 1, 2, 0, 1, 0]).await;
    let client = Client::of(&authority, None, &[]);
    client.get(server.address).await.unwrap();
    let ended = server.stop_within(PATIENCE).await;
    ended.before_its_deadline().cut(Cut::Request, 0);
    silent.read_to_close().await;
    stuck.read_to_close().await;
    no_task_is_left().await;
}

/// A client's pool takes an end without a close_notify for a cut.
#[tokio::test]
async fn a_silent_connection_gets_a_close_notify_when_the_server_stops() {
    let authority = Authority::new();
    let server = serve(authority.server().tls()).await;
    let client = Client::of(&authority, None, &[]);
    let mut stream = client.connect(server.address).await.unwrap();
    // Once it is answered, the server has read the bytes that were sent before.
    client.get(server.address).await.unwrap();
    server.stop_within(PATIENCE).await.before_its_deadline();
    let read = timeout(PATIENCE, stream.read(&mut [0; 1])).await;
    assert_eq!(read.expect("it ends").expect("in good order"), 0);
}

#[tokio::test]
async fn plain_bytes_at_an_encrypted_port_are_refused_and_harm_no_other_client() {
    let authority = Authority::new();
    let server = serve(authority.server().tls()).await;
    let mut plain = Raw::connect(server.address).await;
    plain.get("/").await;
    plain.read_to_close().await;
    let client = Client::of(&authority, None, &[]);
    client.get(server.address).await.unwrap();
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn a_grpc_client_is_known_to_tonic_by_its_certificate_and_its_address() {
    #[derive(Clone)]
    struct Look;
    impl tonic::service::Interceptor for Look {
        fn call(
            &mut self,
            request: tonic::Request<()>,
        ) -> Result<tonic::Request<()>, tonic::Status> {
            let shown = request.peer_certs().expect("it has shown one").len();
            assert_eq!(shown, 1);
            assert!(request.remote_addr().is_some());
            // Both, as tonic's own server has them.
            let extensions = request.extensions();
            assert!(extensions.get::<TcpConnectInfo>().is_some());
            let of_tls = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
            assert!(
                of_tls.is_some_and(|info| info.get_ref().remote_addr() == request.remote_addr())
            );
            let peer = request.peer()?;
            let identity = peer.identity().expect("the identity of the client");
            assert_eq!(identity.uris(), ["spiffe://example.org/orders"]);
            Ok(request)
        }
    }
    let authority = Authority::new();
    let tls = authority.server().tls();
    let tls = tls.require_client_certificates(Pem::bytes(authority.pem()));
    let (_reporter, health) = tonic_health::server::health_reporter();
    let service = tonic::service::interceptor::InterceptedService::new(health, Look);
    let server = grpc::Server::new(ANY_PORT).service(service).tls(tls);
    let server = Fixture::start(server).await;
    let own = authority.client();
    let config = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority.pem()))
        .identity(tonic::transport::Identity::from_pem(
            own.certificate,
            own.key,
        ))
        .domain_name("localhost");
    let channel = Channel::from_shared(format!("https://{}", server.address))
        .unwrap()
        .tls_config(config)
        .unwrap();
    let mut client = HealthClient::new(channel.connect().await.unwrap());
    client.check(HealthCheckRequest::default()).await.unwrap();
    drop(client);
    server.stop_within(PATIENCE).await.nothing_cut();
}

#[tokio::test]
async fn pem_may_stand_where_a_path_is_expected_and_is_never_printed() {
    let authority = Authority::new();
    let Signed { certificate, key } = authority.server();
    let server = serve(Tls::new(certificate.as_str(), key.clone())).await;
    let client = Client::of(&authority, None, &[]);
    client.get(server.address).await.unwrap();
    server.stop_within(PATIENCE).await.nothing_cut();
    let shown = format!("{:?}", Tls::new(certificate, key));
    assert!(!shown.contains("BEGIN"), "{shown}");
}

/// Over TLS it is the flush that waits for a client, and not the write.
#[cfg(feature = "ws")]
#[tokio::test]
async fn an_upgraded_connection_that_its_client_does_not_read_is_cut() {
    use axum::extract::ws::{Message, WebSocketUpgrade};
    async fn flood(upgrade: WebSocketUpgrade) -> axum::response::Response {
        upgrade.on_upgrade(async |mut socket| {
            let message = Message::binary(vec![0; 16_000]);
            while socket.send(message.clone()).await.is_ok() {}
        })
    }
    let authority = Authority::new();
    let routes = Router::new().route("/", axum::routing::get(flood));
    let options = kit_transport::ConnectionOptions {
        stream_grace: Duration::from_millis(200),
        ..kit_transport::ConnectionOptions::default()
    };
    let server = http::Server::new(ANY_PORT, routes).connections(options);
    let server = Fixture::start(server.tls(authority.server().tls())).await;
    let client = Client::of(&authority, None, &["http/1.1"]);
    let mut client = client.connect(server.address).await.unwrap();
    let upgrade = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(upgrade.as_bytes()).await.unwrap();
    assert_eq!(client.read_u8().await.unwrap(), b'H');
    let ended = server.stop_within(PATIENCE).await;
    ended.before_its_deadline().cut(Cut::Stream, 1);
    drop(client);
    no_task_is_left().await;
}
