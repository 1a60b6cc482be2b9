//! A key by which tokens are verified.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use super::algorithm::Algorithm;
use super::der::{self, PublicKey};
use super::key_error::KeyError;
use super::material::{Material, Unfit};
use super::pem;

/// A key by which tokens are verified, bound to its algorithms. Cheap to clone.
///
/// A key with an id is for the tokens that name it (`kid`); a key without one is for those that name no
/// key of the set. An id is given as `"2026-11"`, and left out as `None`.
#[derive(Clone)]
pub struct Key(Arc<Checked>);

struct Checked {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    material: Material,
}

impl Key {
    /// A secret that the issuer of the tokens shares, for `HS256`, `HS384` and `HS512`. All of its bytes
    /// count.
    ///
    /// # Errors
    /// When it is shorter than the hash, is a key in PEM, or an algorithm is none for secrets.
    pub fn secret<'a>(
        id: impl Into<Option<&'a str>>,
        algorithms: impl IntoIterator<Item = Algorithm>,
        secret: impl AsRef<[u8]>,
    ) -> Result<Key, KeyError> {
        let secret = secret.as_ref();
        Key::check(id.into(), algorithms, |algorithms| {
            // A public key is known to everyone: a token could be signed with it.
            if secret.starts_with(b"-----BEGIN ") {
                let expected = "random bytes, or `Key::pem` with an algorithm of its kind";
                return Err(("a key in PEM".to_owned(), expected.to_owned()));
            }
            Material::secret(algorithms, secret)
        })
    }

    /// The same from a file, which must not end with a newline: whether that belongs to the secret, only
    /// its author knows.
    ///
    /// # Errors
    /// As [`secret`](Self::secret), and when the file cannot be read or ends with a newline.
    pub fn secret_file<'a>(
        id: impl Into<Option<&'a str>>,
        algorithms: impl IntoIterator<Item = Algorithm>,
        path: impl AsRef<Path>,
    ) -> Result<Key, KeyError> {
        let secret = read(path.as_ref())?;
        let id = id.into();
        if secret.ends_with(b"\n") {
            return Key::check(id, algorithms, |_| {
                let expected = "written without one (`printf %s`); or read it, and give its bytes";
                let found = format!(
                    "the file {} with a newline at its end",
                    path.as_ref().display()
                );
                Err((found, expected.to_owned()))
            });
        }
        Key::secret(id, algorithms, secret)
    }

    /// A public key in PEM: `PUBLIC KEY`, or `RSA PUBLIC KEY`.
    ///
    /// # Errors
    /// When it is none, or one of another kind than the algorithms take.
    pub fn pem<'a>(
        id: impl Into<Option<&'a str>>,
        algorithms: impl IntoIterator<Item = Algorithm>,
        pem: impl AsRef<[u8]>,
    ) -> Result<Key, KeyError> {
        Key::check(id.into(), algorithms, |_| {
            let expected = || "a public key in PEM (`BEGIN PUBLIC KEY`)".to_owned();
            let block = pem::block(pem.as_ref());
            let (label, content) = block.map_err(|found| (found.to_owned(), expected()))?;
            let instead = match label {
                "PUBLIC KEY" | "RSA PUBLIC KEY" => return public(&content),
                "CERTIFICATE" => "its public key (`openssl x509 -pubkey -noout`)".to_owned(),
                label if label.ends_with("PRIVATE KEY") => {
                    "the public one, which is enough to verify (`openssl pkey -pubout`)".to_owned()
                }
                _ => expected(),
            };
            Err((format!("PEM of `{}`", short(label)), instead))
        })
    }

    /// The same from a file.
    ///
    /// # Errors
    /// As [`pem`](Self::pem), and when the file cannot be read.
    pub fn pem_file<'a>(
        id: impl Into<Option<&'a str>>,
        algorithms: impl IntoIterator<Item = Algorithm>,
        path: impl AsRef<Path>,
    ) -> Result<Key, KeyError> {
        Key::pem(id, algorithms, read(path.as_ref())?)
    }

    /// A public key in DER: `SubjectPublicKeyInfo`, or PKCS#1 for RSA.
    ///
    /// # Errors
    /// As [`pem`](Self::pem).
    pub fn der<'a>(
        id: impl Into<Option<&'a str>>,
        algorithms: impl IntoIterator<Item = Algorithm>,
        der: impl AsRef<[u8]>,
    ) -> Result<Key, KeyError> {
        Key::check(id.into(), algorithms, |_| public(der.as_ref()))
    }

    /// A public key by its numbers.
    pub(super) fn parts(
        id: Option<&str>,
        algorithm: Algorithm,
        key: PublicKey,
    ) -> Result<Key, KeyError> {
        Key::check(id, [algorithm], |_| Material::public(key))
    }

    /// A key whose material can be used, and is of the kind that all of its algorithms take.
    ///
    /// A refusal of any of the three (no algorithm, no material, another kind) becomes one error with the
    /// id and the algorithms, so the functions that read material need not know them.
    fn check(
        id: Option<&str>,
        algorithms: impl IntoIterator<Item = Algorithm>,
        material: impl FnOnce(&[Algorithm]) -> Result<Material, Unfit>,
    ) -> Result<Key, KeyError> {
        let algorithms: Vec<_> = algorithms.into_iter().collect();
        let checked = match algorithms.first() {
            None => Err((
                "bound to no algorithm".to_owned(),
                "bound to those that its issuer signs with".to_owned(),
            )),
            Some(_) => material(&algorithms).and_then(|material| {
                let of = material.kind();
                match algorithms.iter().find(|one| one.key_kind() != of) {
                    Some(other) => {
                        let expected = format!("{} for {other}", other.key_kind().as_str());
                        Err((of.as_str().to_owned(), expected))
                    }
                    None => Ok(material),
                }
            }),
        };
        match checked {
            Ok(material) => Ok(Key(Arc::new(Checked {
                id: id.map(str::to_owned),
                algorithms,
                material,
            }))),
            Err((found, expected)) => {
                let names: Vec<_> = algorithms.iter().map(|one| one.as_str()).collect();
                Err(KeyError::Unfit {
                    key: id.map_or("without an id".to_owned(), |id| format!("`{id}`")),
                    algorithms: match &names[..] {
                        [] => "no algorithm".to_owned(),
                        names => names.join(", "),
                    },
                    found,
                    expected,
                })
            }
        }
    }

    /// The id that tokens name it by.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.0.id.as_deref()
    }

    /// Whether this signature by this algorithm is the key's, and the key is bound to the algorithm.
    pub(super) fn has_signed(&self, algorithm: Algorithm, message: &[u8], signed: &[u8]) -> bool {
        self.0.algorithms.contains(&algorithm)
            && self.0.material.has_signed(algorithm, message, signed)
    }
}

fn public(der: &[u8]) -> Result<Material, Unfit> {
    let key = der::public_key(der).ok_or_else(|| {
        let expected = "a public key of RSA, P-256, P-384 or Ed25519";
        (
            "no public key that is known".to_owned(),
            expected.to_owned(),
        )
    })?;
    Material::public(key)
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    let path = path.to_owned();
    fs::read(&path).map_err(|source| KeyError::Read { path, source })
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Without the key itself.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.0.id)
            .field("algorithms", &self.0.algorithms)
            .finish_non_exhaustive()
    }
}
