use std::io::Write as _;

use serde_json::Value;

use super::signer::{Signer, encode};
use crate::layers::jwt::{Algorithm, Bearer, Key, KeyError, Keys, jwks, jwks_file};

const RSA: &[u8] = include_bytes!("openssl/rsa.pem");
const P256: &[u8] = include_bytes!("openssl/p256.pem");
const P384: &[u8] = include_bytes!("openssl/p384.pem");
const ED25519: &[u8] = include_bytes!("openssl/ed25519.pem");
const TOKENS: &str = include_str!("openssl/tokens.txt");

fn of_openssl(algorithm: Algorithm) -> Key {
    let pem = match algorithm {
        Algorithm::Es256 => P256,
        Algorithm::Es384 => P384,
        Algorithm::EdDsa => ED25519,
        _ => RSA,
    };
    Key::pem(None, [algorithm], pem).unwrap()
}

fn is_accepted(key: Key, token: &str, now: f64) -> bool {
    let bearer = Bearer::<Value>::new(Keys::new([key]).unwrap());
    bearer.claims_of(token.as_bytes(), now).is_ok()
}

#[test]
fn tokens_of_openssl_are_accepted_by_their_key_and_algorithm_only() {
    let algorithms = [
        Algorithm::Rs256,
        Algorithm::Rs384,
        Algorithm::Rs512,
        Algorithm::Ps256,
        Algorithm::Ps384,
        Algorithm::Ps512,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
    ];
    let tokens: Vec<_> = TOKENS.lines().collect();
    assert_eq!(tokens.len(), algorithms.len());
    for (right, of) in algorithms.iter().enumerate() {
        for (index, token) in tokens.iter().enumerate() {
            let accepted = is_accepted(of_openssl(*of), token, 0.0);
            assert_eq!(accepted, index == right, "{of}: {token}");
        }
    }
    let both = Key::pem(None, [Algorithm::Rs256, Algorithm::Ps256], RSA).unwrap();
    assert!(is_accepted(both.clone(), tokens[0], 0.0));
    assert!(is_accepted(both.clone(), tokens[3], 0.0));
    assert!(!is_accepted(both, tokens[1], 0.0));
}

/// RFC 7515, appendices A.1 and A.3, with the claims of 2011.
#[test]
fn the_tokens_of_the_rfc_are_accepted() {
    const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let secret =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let secret = super::super::token::decode(secret.as_bytes()).unwrap();
    let secret = Key::secret(None, [Algorithm::Hs256], secret).unwrap();
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    assert!(is_accepted(secret.clone(), &token, 1_300_819_439.0));
    assert!(!is_accepted(secret, &token, 1_300_819_440.0));
    let set = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}"#;
    let key = jwks(set).unwrap().remove(0);
    let token = format!(
        "eyJhbGciOiJFUzI1NiJ9.{CLAIMS}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    );
    assert!(is_accepted(key, &token, 1_300_819_380.0));
}

#[test]
fn a_key_that_cannot_be_used_is_an_error_with_its_id_and_what_would_be_right() {
    let private = include_bytes!("openssl/rsa.private.pem");
    let certificate = include_bytes!("openssl/certificate.pem");
    let p521 = include_bytes!("openssl/p521.pem");
    let other_curve = include_bytes!("openssl/secp256k1.pem");
    let short = include_bytes!("openssl/rsa1024.pem");
    let pem = |algorithm, pem: &[u8]| Key::pem("a", [algorithm], pem);
    let secret = |algorithm, secret: &[u8]| Key::secret("a", [algorithm], secret);
    let mut off_curve = super::super::pem::block(P256).unwrap().1;
    *off_curve.last_mut().unwrap() ^= 1;
    let cut = &RSA[..RSA.len() - 40];
    for (error, expected) in [
        (
            secret(Algorithm::Hs256, b"secret"),
            "a secret of 6 bytes; it must be one of at least 32 random bytes for HS256",
        ),
        (
            secret(Algorithm::Hs512, &[7; 63]),
            "at least 64 random bytes for HS512",
        ),
        (
            secret(Algorithm::Rs256, &[7; 64]),
            "a secret; it must be an RSA key",
        ),
        (secret(Algorithm::Hs256, RSA), "a key in PEM"),
        (
            pem(Algorithm::Hs256, RSA),
            "an RSA key; it must be a secret for HS256",
        ),
        (
            pem(Algorithm::Es256, RSA),
            "an RSA key; it must be a key on P-256 for ES256",
        ),
        (
            pem(Algorithm::Es256, P384),
            "a key on P-384; it must be a key on P-256",
        ),
        (
            pem(Algorithm::Es384, P256),
            "a key on P-256; it must be a key on P-384",
        ),
        (
            pem(Algorithm::Rs256, ED25519),
            "an Ed25519 key; it must be an RSA key",
        ),
        (pem(Algorithm::Rs256, private), "openssl pkey -pubout"),
        (pem(Algorithm::Rs256, certificate), "openssl x509 -pubkey"),
        (
            pem(Algorithm::Es256, p521),
            "a public key of RSA, P-256, P-384 or Ed25519",
        ),
        (
            pem(Algorithm::Es256, other_curve),
            "a public key of RSA, P-256",
        ),
        (
            pem(Algorithm::Rs256, short),
            "an RSA key of 1024 bits; it must be one of 2048 to 8192 bits",
        ),
        (pem(Algorithm::Rs256, b"key"), "no PEM"),
        (pem(Algorithm::Rs256, cut), "cut off"),
        (
            pem(Algorithm::Rs256, &[RSA, RSA].concat()),
            "several blocks",
        ),
        (
            pem(
                Algorithm::Rs256,
                b"-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----",
            ),
            "not base64",
        ),
        (
            Key::der("a", [Algorithm::Es256], &off_curve),
            "no public key on the curve",
        ),
        (
            Key::der("a", [Algorithm::Es256], b"\x30\x82\xff\xff"),
            "no public key that is known",
        ),
        (Key::pem("a", [], RSA), "bound to no algorithm"),
        (
            Key::pem("a", [Algorithm::Rs256, Algorithm::Hs256], RSA),
            "it must be a secret for HS256",
        ),
    ] {
        let error = error.expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
        assert!(error.contains("`a`"), "{error}");
    }
    let unnamed = Key::secret(None, [Algorithm::Hs256], "x").unwrap_err();
    assert!(
        unnamed.to_string().contains("key without an id for HS256"),
        "{unnamed}"
    );
    assert!(matches!(Keys::new([]), Err(KeyError::Empty)));
}

#[test]
fn der_that_is_cut_anywhere_or_has_bits_flipped_is_an_error_or_a_key_and_never_a_panic() {
    for (pem, algorithm) in [
        (RSA, Algorithm::Rs256),
        (P256, Algorithm::Es256),
        (P384, Algorithm::Es384),
        (ED25519, Algorithm::EdDsa),
    ] {
        let (_, der) = super::super::pem::block(pem).unwrap();
        assert!(Key::der(None, [algorithm], &der).is_ok());
        for end in 0..der.len() {
            assert!(Key::der(None, [algorithm], &der[..end]).is_err());
        }
        for at in 0..der.len().min(40) {
            for bit in 0..8 {
                let mut flipped = der.clone();
                flipped[at] ^= 1 << bit;
                let _ = Key::der(None, [algorithm], &flipped);
            }
        }
    }
    let pkcs1 = include_bytes!("openssl/rsa.pkcs1.pem");
    let key = Key::pem(None, [Algorithm::Rs256], pkcs1).unwrap();
    assert!(is_accepted(key, TOKENS.lines().next().unwrap(), 0.0));
}

#[test]
fn keys_of_ed25519_for_which_anyone_signs_are_refused() {
    let small = |first: u8, middle: u8, last: u8| {
        let mut point = [middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    for point in [
        small(0, 0, 0),
        small(1, 0, 0x80),
        small(0xec, 0xff, 0x7f),
        small(0xee, 0xff, 0xff),
    ] {
        let set = format!(
            r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{}"}}]}}"#,
            encode(point)
        );
        let error = jwks(set).unwrap_err().to_string();
        assert!(error.contains("no public key of Ed25519"), "{error}");
    }
}

#[test]
fn files_are_read_and_a_newline_behind_a_secret_is_an_error() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&[b'k'; 32]).unwrap();
    let read = || Key::secret_file("a", [Algorithm::Hs256], file.path());
    assert_eq!(read().unwrap().id(), Some("a"));
    file.as_file().write_all(b"\n").unwrap();
    let error = read().unwrap_err().to_string();
    assert!(
        error.contains("newline at its end") && error.contains("`a`"),
        "{error}"
    );
    let error = Key::pem_file("a", [Algorithm::Rs256], "/no/such/key").unwrap_err();
    assert!(error.to_string().contains("/no/such/key"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert!(jwks_file("/no/such/set").is_err());
    let shown = format!(
        "{:?}",
        Key::secret("a", [Algorithm::Hs256], [b'k'; 32]).unwrap()
    );
    assert_eq!(shown, r#"Key { id: Some("a"), algorithms: [Hs256], .. }"#);
}

#[test]
fn a_set_of_an_issuer_is_read_and_keys_for_other_uses_are_left_out() {
    let signer = Signer::new(Algorithm::EdDsa);
    let x = r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#;
    let set = format!(
        r#"{{"keys":[
            {{"kty":"OKP","crv":"Ed25519","kid":"ed","use":"sig","alg":"EdDSA",{x}}},
            {{"kty":"OKP","crv":"Ed25519","kid":"enc","use":"enc",{x}}},
            {{"kty":"OKP","crv":"X25519","kid":"x",{x}}},
            {{"kty":"OKP","crv":"Ed25519","kid":"other","alg":"ES999",{x}}},
            {{"kty":"oct","kid":"secret","k":"AAAA"}},
            {{"kty":"PQ","kid":"later"}}
        ]}}"#
    );
    let keys = jwks(&set).unwrap();
    let ids: Vec<_> = keys.iter().map(Key::id).collect();
    assert_eq!(ids, [Some("ed")]);
    // RFC 8037, A.4 is a signature, not a token.
    let message = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    let signed =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let signed = super::super::token::decode(signed.as_bytes()).unwrap();
    assert!(keys[0].has_signed(Algorithm::EdDsa, message, &signed));
    assert!(
        !signer
            .key(None)
            .has_signed(Algorithm::EdDsa, message, &signed)
    );
    for (wrong, expected) in [
        ("", "no JSON object with `keys`"),
        ("[]", "no JSON object with `keys`"),
        (r#"{"keys":[]}"#, "no public key for signatures"),
        (
            r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#,
            "no public key for signatures",
        ),
        (r#"{"keys":[1]}"#, "key 0 is no object"),
        (
            r#"{"keys":[{"kty":"RSA","n":"AQ=="}]}"#,
            "`n` of key 0 is not base64url",
        ),
        (
            r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#,
            "an RSA key of 17 bits",
        ),
        (
            r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#,
            "do not have 32 bytes",
        ),
    ] {
        let error = jwks(wrong).unwrap_err().to_string();
        assert!(error.contains(expected), "{wrong}: {error}");
    }
}
