//! TLS, with certificates made for the test.

use std::fs;
use std::path::Path;

use kit_test_support::Consul;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType};

use super::bench::{Bench, instance};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    CertifiedIssuer::self_signed(params, key).unwrap()
}

fn sign(folder: &Path, name: &str, authority: &CertifiedIssuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::IpAddress([127, 0, 0, 1].into())];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    fs::write(folder.join(format!("{name}.pem")), certificate.pem()).unwrap();
    fs::write(folder.join(format!("{name}-key.pem")), key.serialize_pem()).unwrap();
}

#[tokio::test]
#[ignore = "needs Consul: cargo xtask conformance"]
async fn an_agent_with_tls_wants_a_certificate_and_gets_one() {
    let folder = tempfile::tempdir().unwrap();
    let (folder, authority) = (folder.path(), authority());
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    sign(folder, "server", &authority);
    sign(folder, "client", &authority);
    let path = folder.display();
    let server = Consul::start_with(&format!(
        "ca_file = \"{path}/ca.pem\"\ncert_file = \"{path}/server.pem\"\nkey_file = \
         \"{path}/server-key.pem\"\nverify_incoming_https = true"
    ))
    .await;
    let base = format!("consuls://{}/?ca={path}/ca.pem", server.encrypted_address());
    let bench = Bench::open(&format!(
        "{base}&cert={path}/client.pem&key={path}/client-key.pem"
    ));
    let registration = bench.registered().await;
    assert_eq!(bench.list().await.len(), 1);
    registration.deregister().await.unwrap();
    bench.close().await;

    let bench = Bench::open(&base);
    let listed = bench.backend.discovery.instances(instance().name()).await;
    let error = listed.unwrap_err().chain().to_string();
    assert!(
        error.ends_with("the server wants a certificate, which cert and key in the URL would name"),
        "{error}"
    );
    bench.close().await;
}
