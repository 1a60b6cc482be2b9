//! Keys as their issuer publishes them: JWK sets (RFC 7517).

use std::path::Path;

use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::der::PublicKey;
use super::json;
use super::key::{Key, read};
use super::key_error::KeyError;
use super::token::decode;

/// The public keys of a JWK set. Each is bound to the algorithm that it names, or to that of its curve;
/// an RSA key that names none to `RS256`.
///
/// Keys for encryption, secrets and those of a kind that is not known here are left out, as the RFC has
/// it.
///
/// # Errors
/// When it is no JWK set, when a key in it is wrong, and when no key is left.
pub fn jwks(json: impl AsRef<[u8]>) -> Result<Vec<Key>, KeyError> {
    let set = json::object(json.as_ref());
    let keys = set.as_ref().and_then(|set| set.get("keys")?.as_array());
    let keys = keys.ok_or_else(|| refused("no JSON object with `keys`"))?;
    let mut found = Vec::new();
    for (index, key) in keys.iter().enumerate() {
        let key = key.as_object();
        let key = key.ok_or_else(|| refused(format!("key {index} is no object")))?;
        let id = key.get("kid").and_then(Value::as_str);
        if let Some((algorithm, key)) = read_key(key, index)? {
            found.push(Key::parts(id, algorithm, key)?);
        }
    }
    if found.is_empty() {
        return Err(refused("no public key for signatures that is known"));
    }
    Ok(found)
}

/// The same from a file.
///
/// # Errors
/// As [`jwks`], and when the file cannot be read.
pub fn jwks_file(path: impl AsRef<Path>) -> Result<Vec<Key>, KeyError> {
    jwks(read(path.as_ref())?)
}

fn refused(found: impl Into<String>) -> KeyError {
    KeyError::Jwks {
        found: found.into(),
        expected: "`{\"keys\":[…]}` with public keys as RFC 7517 has them",
    }
}

/// `None` for a key that is left out.
///
/// The use comes first, so that a key for encryption may have any form. Then the type and the curve say
/// which numbers it has and which algorithm is usual; the algorithm that it names itself comes last,
/// because it may be one that is not known here.
fn read_key(
    key: &Map<String, Value>,
    index: usize,
) -> Result<Option<(Algorithm, PublicKey)>, KeyError> {
    let text = |name| key.get(name).and_then(Value::as_str);
    let number = |name| {
        let bytes = text(name).and_then(|text| decode(text.as_bytes()));
        bytes.ok_or_else(|| refused(format!("`{name}` of key {index} is not base64url")))
    };
    let point = |length: usize| {
        let (x, y) = (number("x")?, number("y")?);
        if x.len() != length || y.len() != length {
            let wrong = format!("`x` and `y` of key {index} do not have {length} bytes each");
            return Err(refused(wrong));
        }
        Ok([&[4][..], &x, &y].concat())
    };
    if text("use").is_some_and(|used| used != "sig") {
        return Ok(None);
    }
    let (usual, public) = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => {
            let (n, e) = (number("n")?, number("e")?);
            (Algorithm::Rs256, PublicKey::Rsa { n, e })
        }
        (Some("EC"), Some("P-256")) => (Algorithm::Es256, PublicKey::P256(point(32)?)),
        (Some("EC"), Some("P-384")) => (Algorithm::Es384, PublicKey::P384(point(48)?)),
        (Some("OKP"), Some("Ed25519")) => (Algorithm::EdDsa, PublicKey::Ed25519(number("x")?)),
        _ => return Ok(None),
    };
    Ok(match text("alg") {
        None => Some((usual, public)),
        Some(name) => Algorithm::of_name(name).map(|algorithm| (algorithm, public)),
    })
}
