//! JSON Web Tokens as callers' credentials: `Authorization: Bearer …`.
//!
//! ```
//! use kit_transport::layers::jwt::{Algorithm, Bearer, Key, Keys};
//! use kit_transport::layers::{self, Claims};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct User { sub: String }
//!
//! async fn handler(Claims(user): Claims<User>) -> String {
//!     format!("Hello {}", user.sub)
//! }
//!
//! # fn main() -> Result<(), kit_transport::layers::jwt::KeyError> {
//! let secret = b"a secret of thirty-two bytes or more";
//! let keys = Keys::new([Key::secret("2026-11", [Algorithm::Hs256], secret)?])?;
//! let bearer = Bearer::<User>::new(keys.clone()).issuer("https://id.example.com").audience("orders");
//! let layer = layers::authenticate(bearer);
//! // Later, as in a hook of `on_reload`:
//! let next = b"another secret of thirty-two bytes or more";
//! keys.replace([Key::secret("2026-12", [Algorithm::Hs256], next)?])?;
//! # Ok(())
//! # }
//! ```
//!
//! A key is bound to its algorithms when it is made, so a token cannot choose how it is verified, and a
//! key that cannot be used is an error then, before the server starts.

mod algorithm;
mod bearer;
mod der;
mod json;
mod jwks;
mod key;
mod key_error;
mod keys;
mod material;
mod pem;
mod rules;
mod token;

pub use algorithm::Algorithm;
pub use bearer::Bearer;
pub use jwks::{jwks, jwks_file};
pub use key::Key;
pub use key_error::KeyError;
pub use keys::Keys;

#[cfg(test)]
mod tests;
