//! PEM, from a file of settings.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error, Serialize, Serializer};

use super::{Pem, Source};

/// From a path, or from PEM itself.
impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pem, D::Error> {
        String::deserialize(deserializer).map(Pem::from)
    }
}

/// As its path. PEM in memory may be a key, so it is an error, and written nowhere.
impl Serialize for Pem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Source::File(path) => path.serialize(serializer),
            Source::Bytes(_) => Err(S::Error::custom(
                "PEM in memory is not written, as it may be a key",
            )),
        }
    }
}
