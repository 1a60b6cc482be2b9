//! Public keys in DER, as far as they are needed: which kind of key, and its numbers.

/// A public key as it was written.
pub(super) enum PublicKey {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1, with the curve as parameter
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// The content of the value with this tag at the beginning, and what follows it.
fn take(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => {
            let (&length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(length)), rest)
        }
        // Longer keys are none.
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The content of the only value.
fn only(der: &[u8], tag: u8) -> Option<&[u8]> {
    let (content, rest) = take(der, tag)?;
    rest.is_empty().then_some(content)
}

/// A key as `SubjectPublicKeyInfo`, or an RSA key as PKCS#1 has it.
pub(super) fn public_key(der: &[u8]) -> Option<PublicKey> {
    subject_public_key(der).or_else(|| rsa(der))
}

fn subject_public_key(der: &[u8]) -> Option<PublicKey> {
    let (algorithm, key) = take(only(der, SEQUENCE)?, SEQUENCE)?;
    let (id, parameters) = take(algorithm, OBJECT_ID)?;
    // Keys are whole bytes.
    let key = only(key, BIT_STRING)?.strip_prefix(&[0])?;
    match id {
        RSA => rsa(key),
        EC => match only(parameters, OBJECT_ID)? {
            P256 => Some(PublicKey::P256(key.to_vec())),
            P384 => Some(PublicKey::P384(key.to_vec())),
            _ => None,
        },
        ED25519 => Some(PublicKey::Ed25519(key.to_vec())),
        _ => None,
    }
}

fn rsa(der: &[u8]) -> Option<PublicKey> {
    let (n, rest) = take(only(der, SEQUENCE)?, INTEGER)?;
    let (n, e) = (n.to_vec(), only(rest, INTEGER)?.to_vec());
    Some(PublicKey::Rsa { n, e })
}
