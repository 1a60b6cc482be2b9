//! TLS, with certificates made for each test.

use std::fs;
use std::path::PathBuf;

use kit_test_support::Etcd;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use tempfile::TempDir;

use crate::bench::{Bench, instance, registered, seen, state};
use crate::lines;
use kit_registry::{RegistrationState, Schemes};

/// An authority, and a folder with what it has signed.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        Authority::named("authority")
    }

    fn named(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::self_signed(params, key).unwrap();
        Authority { issuer }
    }
}

/// The files of a server and of its clients.
struct Files(TempDir);

impl Files {
    fn new(authority: &Authority, server_names: &[SanType]) -> Files {
        let files = Files(tempfile::tempdir().unwrap());
        files.write_all(authority, server_names);
        files
    }

    fn write_all(&self, authority: &Authority, server_names: &[SanType]) {
        self.write_authority("server-ca", authority);
        self.sign("server", authority, server_names);
        self.write_client(authority);
    }

    fn write_client(&self, authority: &Authority) {
        self.write_authority("ca", authority);
        let name = SanType::DnsName("orders.example.org".try_into().unwrap());
        self.sign("client", authority, &[name]);
    }

    fn write_authority(&self, name: &str, authority: &Authority) {
        fs::write(self.path(name), authority.issuer.pem()).unwrap();
    }

    fn sign(&self, name: &str, authority: &Authority, names: &[SanType]) {
        let mut params = CertificateParams::default();
        params.subject_alt_names = names.to_vec();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &authority.issuer).unwrap();
        fs::write(self.path(name), certificate.pem()).unwrap();
        fs::write(self.path(&format!("{name}-key")), key.serialize_pem()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}.pem"))
    }

    async fn server(&self) -> Etcd {
        let path = |name: &str| self.path(name).display().to_string();
        Etcd::start_encrypted(&[
            "--cert-file",
            &path("server"),
            "--key-file",
            &path("server-key"),
            "--trusted-ca-file",
            &path("server-ca"),
            "--client-cert-auth",
        ])
        .await
    }

    fn url(&self, server: &Etcd, rest: &str) -> String {
        let ca = self.path("ca").display().to_string();
        let address = server.address();
        format!("etcds://{address}/microservices?ttl=3s&ca={ca}{rest}")
    }

    /// With a client's certificate.
    fn full_url(&self, server: &Etcd) -> String {
        let (cert, key) = (self.path("client"), self.path("client-key"));
        let rest = format!("&cert={}&key={}", cert.display(), key.display());
        self.url(server, &rest)
    }
}

fn loopback() -> SanType {
    SanType::IpAddress([127, 0, 0, 1].into())
}

async fn error(url: &str) -> String {
    let bench = Bench::open(url);
    let listed = bench.backend.discovery.instances(instance().name()).await;
    let error = listed.unwrap_err().chain().to_string();
    bench.close().await;
    error
}

#[tokio::test]
async fn etcd_conforms_with_tls() {
    let files = Files::new(&Authority::new(), &[loopback()]);
    let server = files.server().await;
    let url = files.full_url(&server);
    kit_registry::conformance::run(|scope| crate::bench::open(&url, scope)).await;
}

#[tokio::test]
async fn a_server_of_another_authority_is_refused_and_the_file_named() {
    let files = Files::new(&Authority::new(), &[loopback()]);
    let server = files.server().await;
    for other in [Authority::named("other"), Authority::new()] {
        files.write_client(&other);
        assert_eq!(
            error(&files.full_url(&server)).await,
            format!(
                "cannot list helloworld: etcd at {} is unreachable: the server's certificate was not \
                 signed by an authority in {}",
                server.address(),
                files.path("ca").display()
            )
        );
    }
}

#[tokio::test]
async fn a_server_of_another_name_is_refused_unless_that_name_is_asked_for() {
    let name = SanType::DnsName("etcd.internal".try_into().unwrap());
    let files = Files::new(&Authority::new(), &[name]);
    let server = files.server().await;
    let url = files.full_url(&server);
    let error = error(&url).await;
    assert!(
        error.ends_with(
            "the server's certificate is not for 127.0.0.1: server_name in the URL can be another \
             name"
        ),
        "{error}"
    );
    let bench = Bench::open(&format!("{url}&server_name=etcd.internal"));
    let registration = bench.registered().await;
    registration.deregister().await.unwrap();
    bench.close().await;
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused_by_a_server_that_wants_one() {
    let files = Files::new(&Authority::new(), &[loopback()]);
    let server = files.server().await;
    let error = error(&files.url(&server, "")).await;
    assert!(
        error.ends_with(
            "is unreachable: the server wants a certificate, which cert and key in the URL would name"
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_client_s_certificate_of_another_authority_is_refused_and_the_file_named() {
    let authority = Authority::new();
    let files = Files::new(&authority, &[loopback()]);
    let server = files.server().await;
    files.write_client(&Authority::named("other"));
    files.write_authority("ca", &authority);
    let error = error(&files.full_url(&server)).await;
    let words = format!(
        "is unreachable: the server does not accept the certificate from {}",
        files.path("client").display()
    );
    assert!(error.contains(&words), "{error}");
}

#[tokio::test]
async fn a_plain_url_to_a_server_with_tls_is_unreachable() {
    let files = Files::new(&Authority::new(), &[loopback()]);
    let server = files.server().await;
    let error = error(&server.url("")).await;
    assert!(error.contains("is unreachable: "), "{error}");
}

/// The server comes back with a certificate of a new authority, and trusts that alone: the files of
/// before are no use on either side, and the new ones are read without a restart of this process.
#[tokio::test]
async fn certificates_that_are_replaced_are_used_from_the_next_connection_on() {
    let (lines, _guard) = lines::collect();
    let files = Files::new(&Authority::new(), &[loopback()]);
    let mut server = files.server().await;
    let bench = Bench::open(&files.full_url(&server));
    let registration = bench.registered().await;
    let discovery = &bench.backend.discovery;
    let mut watch = discovery.watch(instance().name()).await.unwrap();
    seen(&mut watch, "the instance", |s| s.instances.len() == 1).await;

    let new = Authority::new();
    files.write_authority("server-ca", &new);
    files.sign("server", &new, &[loopback()]);
    server.kill();
    server.restart().await;
    state(&registration, "refused for its authority", |state| {
        matches!(state, RegistrationState::Degraded { why, .. }
            if why.chain().to_string().contains("was not signed by an authority in"))
    })
    .await;

    files.write_client(&new);
    registered(&registration).await;
    registration.set_metadata("k", "v").unwrap();
    seen(&mut watch, "the change", |s| {
        s.is_fresh() && s.instances.iter().any(|i| i.metadata().contains_key("k"))
    })
    .await;
    registration.deregister().await.unwrap();
    bench.close().await;
    let lines = lines.all().join("\n");
    assert!(!lines.contains("PRIVATE KEY"), "{lines}");
}

#[tokio::test]
async fn a_wrong_parameter_is_an_error_before_anything_is_read() {
    let tree = kit_sync::TaskTree::new("test");
    for (query, error) in [
        (
            "",
            "ca of the registry URL etcds://***@h:1 must be the file",
        ),
        (
            "?ca=/a&sever_name=b",
            "unknown parameter \"sever_name\" in the registry URL",
        ),
        ("?ca=/a&cert=/b", "key of the registry URL"),
    ] {
        let opened = Schemes::default().open(&format!("etcds://u:secret@h:1{query}"), tree.scope());
        let text = opened.unwrap_err().to_string();
        assert!(
            text.starts_with(error) && !text.contains("secret"),
            "{text}"
        );
    }
}
