//! Values that are never shown.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

pub(crate) mod shown;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";

/// The keyword of a secret's JSON Schema.
pub(crate) const SCHEMA_KEYWORD: &str = "x-kit-secret";

/// A value that is never shown, and wiped from memory when it is dropped.
///
/// `Debug`, `Display` and every serializer write `***`; so do the errors, the pages and the log of this
/// crate. [`expose`](Secret::expose) is the one way to the value, so that a search for it finds every
/// place that could give it away. It is read as the value itself, so `token = "…"` fills a
/// `Secret<String>`; an error while it is read does not repeat what was read.
///
/// `T` is what [`zeroize`] wipes: `String` and `Vec<u8>` with their spare capacity, arrays, numbers. What
/// it was copied from is not wiped: the text of a file, a variable of the process, the value that
/// [`expose`](Secret::expose) was cloned into.
///
/// Two secrets of bytes are compared in a time that depends on their lengths only, so that a token can be
/// compared with one that a client has sent.
///
/// ```
/// use kit_config::Secret;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Database {
///     user: String,
///     password: Secret<String>,
/// }
///
/// let database: Database = serde_json::from_str(r#"{"user": "orders", "password": "hunter2"}"#)?;
/// assert_eq!(format!("{database:?}"), r#"Database { user: "orders", password: *** }"#);
/// assert_eq!(database.password.expose(), "hunter2");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Keeps a value from being shown.
    #[must_use]
    pub fn new(value: T) -> Secret<T> {
        Secret(value)
    }

    /// The value, for the code that cannot do without it.
    #[must_use]
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Secret<T> {
    fn from(value: T) -> Secret<T> {
        Secret(value)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// In a time that depends on the lengths only.
impl<T: Zeroize + AsRef<[u8]>> PartialEq for Secret<T> {
    fn eq(&self, other: &Secret<T>) -> bool {
        self.0.as_ref().ct_eq(other.0.as_ref()).into()
    }
}

impl<T: Zeroize + AsRef<[u8]>> Eq for Secret<T> {}

/// `***`.
impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// `***`.
impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

/// `***`, in every format.
impl<T: Zeroize + Serialize> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(shown::NAME, &Hidden(&self.0))
    }
}

/// What a serializer finds inside of a secret.
struct Hidden<'a, T>(&'a T);

impl<T: Serialize> Serialize for Hidden<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if shown::is_here() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_str(MASK)
        }
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret<T>, D::Error> {
        // An error of serde names the value that it refuses.
        let refused =
            |_| D::Error::custom("the secret, which is not shown, is not of the right type");
        T::deserialize(deserializer).map(Secret).map_err(refused)
    }
}

/// The schema of the value, marked as a secret.
impl<T: Zeroize + JsonSchema> JsonSchema for Secret<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Secret_{}", T::schema_name()).into()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("kit_config::Secret<{}>", T::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = generator.subschema_for::<T>();
        schema.insert(SCHEMA_KEYWORD.to_owned(), true.into());
        schema.insert("writeOnly".to_owned(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests;
