//! Tokens of one caller, and the keys that verify them.

use kit::transport::layers::jwt::{Algorithm, Bearer, Key, KeyError, Keys};
use serde::Deserialize;

/// What the tokens say.
#[derive(Deserialize)]
pub(crate) struct User {
    #[expect(dead_code, reason = "no handler reads it")]
    sub: String,
}

/// `Authorization` of a token that is signed with [`SECRET`].
pub(crate) const HS256: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJraXQiLCJpc3MiOiJodHRwczovL2lkLmV4YW\
    1wbGUuY29tIiwiYXVkIjoib3JkZXJzIn0.GJ9sZIN5WtxAswu73x0P9Rgs0eENYA9lIM9t7xVRdyw";

/// The same, signed with the key of which [`PUBLIC`] is a half.
pub(crate) const ES256: &str = "Bearer eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJraXQiLCJpc3MiOiJodHRwczovL2lkLmV4YW\
    1wbGUuY29tIiwiYXVkIjoib3JkZXJzIn0.bHV8rcZC8pKQrcr7SLK5uZRrDQssVdMNXTPiCnCJaGyE9pU9d6iTBsA7\
    aJCL-ldaBoPiZd7gkijELifqa9mhNA";

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2h361khUbs/D2WI4RvOweQtvkUCS
eM4VFEhmCgr0x8okvt8bLZi6BzQ2qstdmK/0vJhxYcCz5dI6loSmNvFNkQ==
-----END PUBLIC KEY-----";

pub(crate) fn hs256() -> Result<Bearer<User>, KeyError> {
    Ok(bearer(Keys::new([Key::secret(
        None,
        [Algorithm::Hs256],
        SECRET,
    )?])?))
}

pub(crate) fn es256() -> Result<Bearer<User>, KeyError> {
    Ok(bearer(Keys::new([Key::pem(
        None,
        [Algorithm::Es256],
        PUBLIC,
    )?])?))
}

/// The tokens last, so that the benchmark does.
fn bearer(keys: Keys) -> Bearer<User> {
    let bearer = Bearer::new(keys).issuer("https://id.example.com");
    bearer.audience("orders").accept_without_expiry()
}
