//! An issuer of tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};

use crate::layers::jwt::der::PublicKey;
use crate::layers::jwt::{Algorithm, Key, pem};

pub(super) const ALL: [Algorithm; 12] = [
    Algorithm::Hs256,
    Algorithm::Hs384,
    Algorithm::Hs512,
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

/// Signs by one algorithm with one key.
pub(super) struct Signer {
    pub(super) algorithm: Algorithm,
    with: With,
}

enum With {
    Secret(Vec<u8>),
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

pub(super) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn ecdsa(with: &'static EcdsaSigningAlgorithm) -> With {
    let rng = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(with, &rng).unwrap();
    With::Ecdsa(EcdsaKeyPair::from_pkcs8(with, key.as_ref(), &rng).unwrap())
}

impl Signer {
    /// With a new key; with the one of the tests for RSA, of which *ring* makes none.
    pub(super) fn new(algorithm: Algorithm) -> Signer {
        let rng = SystemRandom::new();
        let with = match algorithm {
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => With::Secret(
                ring::rand::generate::<[u8; 64]>(&rng)
                    .unwrap()
                    .expose()
                    .to_vec(),
            ),
            Algorithm::Es256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::Es384 => ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDsa => {
                let key = Ed25519KeyPair::generate_pkcs8(&rng).unwrap();
                With::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
            }
            _ => {
                let (_, key) = pem::block(include_bytes!("openssl/rsa.private.pem")).unwrap();
                With::Rsa(Box::new(RsaKeyPair::from_pkcs8(&key).unwrap()))
            }
        };
        Signer { algorithm, with }
    }

    /// The key by which its tokens are verified.
    pub(super) fn key(&self, id: Option<&str>) -> Key {
        let public = match &self.with {
            With::Secret(secret) => return Key::secret(id, [self.algorithm], secret).unwrap(),
            With::Rsa(_) => {
                let pem = include_bytes!("openssl/rsa.pem");
                return Key::pem(id, [self.algorithm], pem).unwrap();
            }
            With::Ecdsa(pair) => match self.algorithm {
                Algorithm::Es256 => PublicKey::P256(pair.public_key().as_ref().to_vec()),
                _ => PublicKey::P384(pair.public_key().as_ref().to_vec()),
            },
            With::Ed25519(pair) => PublicKey::Ed25519(pair.public_key().as_ref().to_vec()),
        };
        Key::parts(id, self.algorithm, public).unwrap()
    }

    pub(super) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match &self.with {
            With::Secret(secret) => {
                let with = match self.algorithm {
                    Algorithm::Hs256 => hmac::HMAC_SHA256,
                    Algorithm::Hs384 => hmac::HMAC_SHA384,
                    _ => hmac::HMAC_SHA512,
                };
                hmac::sign(&hmac::Key::new(with, secret), message)
                    .as_ref()
                    .to_vec()
            }
            With::Rsa(pair) => {
                let with: &dyn RsaEncoding = match self.algorithm {
                    Algorithm::Rs256 => &RSA_PKCS1_SHA256,
                    Algorithm::Rs384 => &RSA_PKCS1_SHA384,
                    Algorithm::Rs512 => &RSA_PKCS1_SHA512,
                    Algorithm::Ps256 => &RSA_PSS_SHA256,
                    Algorithm::Ps384 => &RSA_PSS_SHA384,
                    _ => &RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(with, &rng, message, &mut signature).unwrap();
                signature
            }
            With::Ecdsa(pair) => pair.sign(&rng, message).unwrap().as_ref().to_vec(),
            With::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }

    /// A token with this head and these claims, whatever they are.
    pub(super) fn token(&self, head: impl AsRef<[u8]>, claims: impl AsRef<[u8]>) -> String {
        let message = format!("{}.{}", encode(head), encode(claims));
        let signature = encode(self.signature(message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// The usual head of its tokens.
    pub(super) fn head(&self, id: Option<&str>) -> String {
        let id = id.map_or(String::new(), |id| format!(r#","kid":"{id}""#));
        format!(r#"{{"typ":"JWT","alg":"{}"{id}}}"#, self.algorithm)
    }
}
