//! A token: its three parts, and the key that has signed it.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::json;
use super::key::Key;

/// The longest token that is looked at. Servers limit heads to about this size themselves.
const LONGEST: usize = 16 * 1024;

/// Why a token is refused; for the log.
#[derive(Debug, PartialEq)]
pub(super) enum Unacceptable {
    Missing(&'static str),
    Invalid(Cow<'static, str>),
    /// Before or after the time in which it is valid.
    OutOfTime(&'static str),
}

impl From<&'static str> for Unacceptable {
    fn from(why: &'static str) -> Unacceptable {
        Unacceptable::Invalid(why.into())
    }
}

/// The claims of a token that one of these keys has signed.
///
/// Nothing of a token counts before its signature: its head only says by which of the keys it wants to
/// be verified, and each key takes its own algorithms only. Addresses and keys in a head are ignored.
pub(super) fn signed_claims(
    token: &[u8],
    keys: &[Key],
) -> Result<Map<String, Value>, Unacceptable> {
    if token.len() > LONGEST {
        return Err("the token is longer than 16 KiB".into());
    }
    let mut parts = token.split(|&byte| byte == b'.');
    let (Some(head), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err("the token does not have three parts".into());
    };
    let (algorithm, id) = read_head(head)?;
    let signature = decode(signature).ok_or("the signature is not base64url")?;
    let message = &token[..head.len() + 1 + payload.len()];
    let is_named = |key: &Key| key.id().is_some() && key.id() == id.as_deref();
    let named = keys.iter().any(is_named);
    let mut candidates = keys.iter().filter(|key| match named {
        true => is_named(key),
        false => key.id().is_none(),
    });
    if !candidates.any(|key| key.has_signed(algorithm, message, &signature)) {
        return Err(Unacceptable::Invalid(
            format!(
                "no key has signed it: it names key {} and {algorithm}, and the key of that id is {}",
                id.map_or("none".to_owned(), |id| format!("{:?}", short(&id))),
                if named { "there" } else { "not there" }
            )
            .into(),
        ));
    }
    let payload = decode(payload).ok_or("the claims are not base64url")?;
    json::object(&payload).ok_or_else(|| "the claims are not a JSON object without doubles".into())
}

/// The algorithm and the id of the key that a head names.
fn read_head(head: &[u8]) -> Result<(Algorithm, Option<String>), Unacceptable> {
    let head = decode(head).ok_or("the head is not base64url")?;
    let head = json::object(&head).ok_or("the head is not a JSON object without doubles")?;
    // RFC 7515, 4.1.11: an extension that the verifier does not know must be refused.
    if head.contains_key("crit") {
        return Err("the head has critical extensions".into());
    }
    let name = head.get("alg").and_then(Value::as_str);
    let algorithm = name.and_then(Algorithm::of_name);
    let algorithm = algorithm.ok_or("the head names no algorithm that signs")?;
    match head.get("kid") {
        None => Ok((algorithm, None)),
        Some(Value::String(id)) => Ok((algorithm, Some(id.clone()))),
        Some(_) => Err("the id of the key is not a string".into()),
    }
}

/// Strictly: without padding, whitespace or bits that count for nothing, so each signature has one
/// spelling.
pub(super) fn decode(part: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
