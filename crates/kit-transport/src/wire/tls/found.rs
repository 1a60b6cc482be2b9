//! The reason why a file cannot be used, and the file that would be right.

use kit_sync::BoxError;

/// The content that a file of TLS must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Certificates,
    Key,
}

/// The reason why nothing could be read from a file. The file's real content explains more than the
/// parser's error, because the parser only knows the content that it looks for.
pub(crate) fn explain(bytes: &[u8], wanted: Wanted, parser: BoxError) -> BoxError {
    what_is_wrong(bytes, wanted).map_or(parser, Into::into)
}

/// `None` when the file seems right; then the parser's error is the reason.
fn what_is_wrong(bytes: &[u8], wanted: Wanted) -> Option<String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Some("it is empty".to_owned());
    }
    let labels = labels(bytes);
    let Some(first) = labels.first() else {
        return Some(without_pem(bytes, wanted));
    };
    let is_key = |label: &&String| label.ends_with("PRIVATE KEY");
    match wanted {
        Wanted::Key => match labels.iter().find(is_key) {
            Some(key) => unusable_key(key, bytes),
            None => Some(instead(first, wanted)),
        },
        Wanted::Certificates if labels.iter().any(|label| label == "CERTIFICATE") => None,
        Wanted::Certificates => Some(instead(first, wanted)),
    }
}

/// The labels of all parts, such as `CERTIFICATE`.
fn labels(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let begins = text.lines().filter_map(|line| {
        let label = line.trim().strip_prefix("-----BEGIN ")?;
        Some(label.trim_end_matches('-').trim().to_owned())
    });
    begins.collect()
}

fn without_pem(bytes: &[u8], wanted: Wanted) -> String {
    /// A sequence, with a length of two bytes or of less than 128.
    const DER: [u8; 2] = [0x30, 0x82];
    let (command, what) = match wanted {
        Wanted::Certificates => ("openssl x509 -inform der", "certificates"),
        Wanted::Key => ("openssl pkey -inform der", "a private key"),
    };
    if bytes.starts_with(&DER) || (bytes[0] == DER[0] && bytes.len() < 130) {
        return format!(
            "it is DER, which is binary, and not PEM: `{command}` converts it (or `openssl pkcs12`, if it \
             is a .p12 or .pfx file)"
        );
    }
    format!("there is no PEM in it: {what} would begin with `-----BEGIN `")
}

/// The file holds a key of some kind, which could not be read.
fn unusable_key(label: &str, bytes: &[u8]) -> Option<String> {
    let encrypted =
        "it is encrypted, and a server has no password to give: `openssl pkey` decrypts it";
    match label {
        "ENCRYPTED PRIVATE KEY" => Some(encrypted.to_owned()),
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => {
            // The older form has a header for it.
            let header = b"Proc-Type: 4,ENCRYPTED";
            let found = bytes.windows(header.len()).any(|part| part == header);
            found.then(|| encrypted.to_owned())
        }
        "OPENSSH PRIVATE KEY" => Some(
            "it is a key of OpenSSH: `ssh-keygen -p -m pkcs8` converts it, but SSH and TLS should not \
             share one"
                .to_owned(),
        ),
        other => Some(format!(
            "it holds a `{other}`; a key of TLS is a `PRIVATE KEY` (PKCS#8), `EC PRIVATE KEY` or \
             `RSA PRIVATE KEY`"
        )),
    }
}

/// The file holds something other than `wanted`.
fn instead(label: &str, wanted: Wanted) -> String {
    let found = match label {
        "CERTIFICATE" | "TRUSTED CERTIFICATE" if wanted == Wanted::Key => {
            "a certificate: are the files of certificate and key swapped?"
        }
        "TRUSTED CERTIFICATE" => {
            "a certificate in a form that only OpenSSL reads: `openssl x509` converts it"
        }
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => {
            "a request for a certificate: what its authority has made of it is needed"
        }
        "PUBLIC KEY" | "RSA PUBLIC KEY" => match wanted {
            Wanted::Certificates => "a public key alone: a certificate is needed, which holds it",
            Wanted::Key => "the public key: the private one is needed",
        },
        "X509 CRL" => "a list of certificates that were revoked",
        "PKCS7" => "PKCS#7: `openssl pkcs7 -print_certs` takes the certificates out of it",
        "EC PARAMETERS" | "DH PARAMETERS" => "parameters, and no key",
        label if label.ends_with("PRIVATE KEY") => {
            "a private key: are the files of certificate and key swapped?"
        }
        _ => "something else",
    };
    let wanted = match wanted {
        Wanted::Certificates => "`CERTIFICATE`",
        Wanted::Key => "`PRIVATE KEY`",
    };
    format!("it holds a `{label}` and no {wanted}; that is {found}")
}
