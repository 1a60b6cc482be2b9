//! Files that TLS cannot use: the error says what each of them is, and which would be right.

use axum::Router;
use kit_transport::{Context, Lifecycle, Pem, Server as _, Tls, http};

use super::Authority;
use crate::fixture::ANY_PORT;

const OLD: &str = "\
-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,59815C916CE8913913437F3A12274612

iaFuc4HxRWsxY2xvyaOvdC8WeL6+iWlU6y3WMpMQ/DQt46IH8RvN4kHmUA/sgMoc
6YO3960p7PdbXsuYxnS5CobiOPz0Epg18csh4c30XFlfC0v7DqWrYfv48Oyb1HRX
FpJo2r5nhSorz6sr6xhfhUW0bVh2taAem27LwwD7fTg=
-----END EC PRIVATE KEY-----
";
const NEW: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhUudAkVdKPOwICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEKFZKymEKQGH2SWmnS0fCkgEgZDt
o2YBzju7noSRb9v3H7wtxg/h8K4rqJBn/zUk54fkK+sxiUyLt2Qx54rlavlBp2iG
8AYf5o8Gr4PAgjGaHVpJiKpuXZMwWWbtLMI2r8jh7vuq0vvKlPOwPmScXWgsc93/
yhotqDH5I0eiJy+nOkNldZBabubLlWg7XlLfWmL8eDUiF+qThRuPTMGg6QGwxLI=
-----END ENCRYPTED PRIVATE KEY-----
";
const PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEexSz75sSBk+v2YQoI8m5s/HwyicV
R+OjX3Id2OizmdDBixB+4UcHylmdGBcgMypFnQEGRirtgJ+r5BnZJ32SbQ==
-----END PUBLIC KEY-----
";
const REQUEST: &str = "\
-----BEGIN CERTIFICATE REQUEST-----
MIHGMG4CAQAwDDEKMAgGA1UEAwwBeDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BHsUs++bEgZPr9mEKCPJubPx8MonFUfjo19yHdjos5nQwYsQfuFHB8pZnRgXIDMq
RZ0BBkYq7YCfq+QZ2Sd9km2gADAKBggqhkjOPQQDAgNIADBFAiEAqgxFyWqugtO+
IQ/O7RKtwoYLiNinFWux1vFjhKq9n18CIFsPtTH5xcnjbAEMHZS5rhJt6s99nmOK
5gppIHkZDBEP
-----END CERTIFICATE REQUEST-----
";

/// Why a server with these does not start, its causes included.
async fn refusal(tls: Tls) -> String {
    let tree = kit_sync::TaskTree::new("test");
    let (_, seen) = tokio::sync::watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().child("http"), seen);
    let server = http::Server::new(ANY_PORT, Router::new()).tls(tls);
    let error = server.start(&ctx).await.expect_err("it is not usable");
    kit_sync::error_chain(&*error)
}

fn pem(bytes: impl AsRef<[u8]>) -> Pem {
    Pem::bytes(bytes.as_ref())
}

/// The DER in this PEM.
fn der(pem: &str) -> Vec<u8> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    CertificateDer::from_pem_slice(pem.as_bytes())
        .expect("a certificate")
        .to_vec()
}

#[tokio::test]
async fn a_key_that_cannot_be_used_says_what_it_is() {
    let good = Authority::new().server();
    let (certificate, key) = (&good.certificate, &good.key);
    let both = format!("{certificate}{OLD}");
    let openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
    let dsa = "-----BEGIN DSA PRIVATE KEY-----\nAAAA\n-----END DSA PRIVATE KEY-----\n";
    let parameters = "-----BEGIN EC PARAMETERS-----\nAAAA\n-----END EC PARAMETERS-----\n";
    let half = &key[..key.len() - 10];
    for (bytes, expected) in [
        (OLD.as_bytes(), "it is encrypted"),
        (NEW.as_bytes(), "it is encrypted"),
        (both.as_bytes(), "it is encrypted"),
        (b"".as_slice(), "it is empty"),
        (b"\n", "it is empty"),
        (b"nothing", "there is no PEM in it"),
        (&der(certificate), "it is DER"),
        (
            certificate.as_bytes(),
            "are the files of certificate and key swapped?",
        ),
        (PUBLIC.as_bytes(), "the private one is needed"),
        (REQUEST.as_bytes(), "a request for a certificate"),
        (openssh.as_bytes(), "a key of OpenSSH"),
        (dsa.as_bytes(), "`DSA PRIVATE KEY`; a key of TLS is"),
        (parameters.as_bytes(), "parameters, and no key"),
        // A key of the right kind is cut short, which the parser reports.
        (half.as_bytes(), "section end"),
    ] {
        let text = refusal(Tls::new(pem(certificate), pem(bytes))).await;
        assert!(text.contains("the private key from "), "{text}");
        assert!(text.contains(expected), "{expected}: {text}");
        assert!(!text.contains("base64"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_says_what_it_is() {
    let good = Authority::new().server();
    let (certificate, key) = (&good.certificate, &good.key);
    let trusted = certificate.replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    let revoked = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    let pkcs7 = "-----BEGIN PKCS7-----\nAAAA\n-----END PKCS7-----\n";
    for (bytes, expected) in [
        (b"".as_slice(), "it is empty"),
        (b"nothing", "there is no PEM in it"),
        (&der(certificate), "it is DER"),
        (
            key.as_bytes(),
            "are the files of certificate and key swapped?",
        ),
        (
            OLD.as_bytes(),
            "are the files of certificate and key swapped?",
        ),
        (PUBLIC.as_bytes(), "a public key alone"),
        (
            REQUEST.as_bytes(),
            "what its authority has made of it is needed",
        ),
        (trusted.as_bytes(), "only OpenSSL reads"),
        (revoked.as_bytes(), "were revoked"),
        (pkcs7.as_bytes(), "openssl pkcs7"),
    ] {
        for (tls, what) in [
            (Tls::new(pem(bytes), pem(key)), "the certificate from "),
            (
                good.tls().require_client_certificates(pem(bytes)),
                "the authority for client certificates from ",
            ),
        ] {
            let text = refusal(tls).await;
            assert!(text.contains(what), "{text}");
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}
