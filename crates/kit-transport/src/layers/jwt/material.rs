//! Keys as *ring* takes them.

use ring::agreement::{self, EphemeralPrivateKey, agree_ephemeral};
use ring::rand::SystemRandom;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm};
use ring::{hmac, signature::UnparsedPublicKey};

use super::algorithm::{Algorithm, KeyKind};
use super::der::PublicKey;

/// A key that has been checked.
pub(super) enum Material {
    Secret(Vec<(Algorithm, hmac::Key)>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Point(KeyKind, Vec<u8>),
}

/// The thing that was found, and the one that would be right.
pub(super) type Unfit = (String, String);

impl Material {
    pub(super) fn kind(&self) -> KeyKind {
        match self {
            Material::Secret(_) => KeyKind::Secret,
            Material::Rsa { .. } => KeyKind::Rsa,
            Material::Point(kind, _) => *kind,
        }
    }

    /// RFC 7518, 3.2: a secret is at least as long as the hash.
    pub(super) fn secret(algorithms: &[Algorithm], secret: &[u8]) -> Result<Material, Unfit> {
        let mut keys = Vec::new();
        for &algorithm in algorithms {
            let Some(with) = hmac_of(algorithm) else {
                let found = "a secret".to_owned();
                return Err((found, algorithm.key_kind().as_str().to_owned()));
            };
            let least = with.digest_algorithm().output_len();
            if secret.len() < least {
                let found = format!("a secret of {} bytes", secret.len());
                return Err((
                    found,
                    format!("one of at least {least} random bytes for {algorithm}"),
                ));
            }
            keys.push((algorithm, hmac::Key::new(with, secret)));
        }
        Ok(Material::Secret(keys))
    }

    /// Checks what *ring* would refuse at each token only.
    pub(super) fn public(key: PublicKey) -> Result<Material, Unfit> {
        match key {
            PublicKey::Rsa { n, e } => rsa(&n, &e),
            PublicKey::P256(point) => on_curve(KeyKind::P256, &agreement::ECDH_P256, point),
            PublicKey::P384(point) => on_curve(KeyKind::P384, &agreement::ECDH_P384, point),
            PublicKey::Ed25519(point) => {
                let is_usable = point.len() == 32 && !is_of_small_order(&point);
                let found = || format!("no public key of Ed25519 ({} bytes)", point.len());
                match is_usable {
                    true => Ok(Material::Point(KeyKind::Ed25519, point)),
                    false => Err((found(), "a point of 32 bytes".to_owned())),
                }
            }
        }
    }

    /// Whether this signature is the key's. A key of another kind has signed nothing.
    pub(super) fn has_signed(&self, algorithm: Algorithm, message: &[u8], signed: &[u8]) -> bool {
        match self {
            Material::Secret(keys) => keys
                .iter()
                .find(|(of, _)| *of == algorithm)
                .is_some_and(|(_, key)| hmac::verify(key, message, signed).is_ok()),
            Material::Rsa { n, e } => rsa_of(algorithm).is_some_and(|with| {
                RsaPublicKeyComponents { n, e }
                    .verify(with, message, signed)
                    .is_ok()
            }),
            Material::Point(kind, point) => curve_of(algorithm)
                .filter(|_| algorithm.key_kind() == *kind)
                .is_some_and(|with| {
                    UnparsedPublicKey::new(with, point)
                        .verify(message, signed)
                        .is_ok()
                }),
        }
    }
}

fn hmac_of(algorithm: Algorithm) -> Option<hmac::Algorithm> {
    match algorithm {
        Algorithm::Hs256 => Some(hmac::HMAC_SHA256),
        Algorithm::Hs384 => Some(hmac::HMAC_SHA384),
        Algorithm::Hs512 => Some(hmac::HMAC_SHA512),
        _ => None,
    }
}

fn rsa_of(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn curve_of(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        Algorithm::Es256 => Some(&signature::ECDSA_P256_SHA256_FIXED),
        Algorithm::Es384 => Some(&signature::ECDSA_P384_SHA384_FIXED),
        Algorithm::EdDsa => Some(&signature::ED25519),
        _ => None,
    }
}

/// *ring* takes moduli of 2048 to 8192 bits, and numbers without leading zeros.
fn rsa(n: &[u8], e: &[u8]) -> Result<Material, Unfit> {
    let short = |number: &[u8]| {
        let zeros = number.iter().take_while(|&&byte| byte == 0).count();
        number[zeros..].to_vec()
    };
    let (n, e) = (short(n), short(e));
    let bits = n
        .first()
        .map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !(2048..=8192).contains(&bits) {
        let found = format!("an RSA key of {bits} bits");
        return Err((found, "one of 2048 to 8192 bits".to_owned()));
    }
    let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    let is_exponent = e.len() <= 4 && is_odd(&e) && e != [1];
    if is_odd(&n) && is_exponent {
        Ok(Material::Rsa { n, e })
    } else {
        let found = "an RSA key whose numbers no key has".to_owned();
        Err((found, "a modulus and an exponent, usually 65537".to_owned()))
    }
}

/// An agreement with a key that is thrown away looks whether the point is on the curve.
fn on_curve(
    kind: KeyKind,
    curve: &'static agreement::Algorithm,
    point: Vec<u8>,
) -> Result<Material, Unfit> {
    let unfit = || {
        let found = format!("no public key on the curve ({} bytes)", point.len());
        (
            found,
            format!("{}, as an uncompressed point", kind.as_str()),
        )
    };
    let own = EphemeralPrivateKey::generate(curve, &SystemRandom::new()).map_err(|_| unfit())?;
    let peer = agreement::UnparsedPublicKey::new(curve, &point);
    agree_ephemeral(own, &peer, |_| ()).map_err(|_| unfit())?;
    Ok(Material::Point(kind, point))
}

/// Points of Ed25519 for which anyone can make signatures; 32 zeros, which stand for a key that is
/// still to come, are one.
fn is_of_small_order(point: &[u8]) -> bool {
    const EIGHTH: [u8; 32] = [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ];
    const OTHER_EIGHTH: [u8; 32] = [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ];
    let Some((&last, rest)) = point.split_last() else {
        return true;
    };
    // The sign of x is the highest bit.
    let last = last & 0x7f;
    let is = |known: &[u8; 32]| rest == &known[..31] && last == known[31];
    let (first, middle) = (
        rest.first().copied().unwrap_or(0),
        rest.get(1..).unwrap_or(&[]),
    );
    let near_zero = first <= 1 && middle.iter().all(|&byte| byte == 0) && last == 0;
    let near_modulus =
        (0xec..=0xee).contains(&first) && middle.iter().all(|&byte| byte == 0xff) && last == 0x7f;
    near_zero || near_modulus || is(&EIGHTH) || is(&OTHER_EIGHTH)
}
