//! The options of the admin server, from a file of settings.

use std::fmt;

use kit_transport::Listen;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Admin;

/// From an address, or from a table with the address as `listen` and a `token`.
impl<'de> Deserialize<'de> for Admin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Admin, D::Error> {
        deserializer.deserialize_any(AddressOrTable)
    }
}

/// As the table, without the token: it is a secret, and commands that ask for one are refused without it.
impl Serialize for Admin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let listen = self.listen.clone();
        AdminTable {
            listen,
            token: None,
        }
        .serialize(serializer)
    }
}

/// Where the admin server listens, and its token.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct AdminTable {
    /// Where it listens, such as `localhost:9090`.
    listen: Listen,
    /// The token that a request has to show which drains, undrains or stops the app, of visible ASCII
    /// characters. Default: none.
    #[serde(default, skip_serializing)]
    #[cfg_attr(feature = "schema", schemars(extend("writeOnly" = true, "x-kit-secret" = true)))]
    token: Option<String>,
}

struct AddressOrTable;

impl<'de> Visitor<'de> for AddressOrTable {
    type Value = Admin;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address such as \"localhost:9090\", or a table with `listen` and `token`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Admin, E> {
        text.parse::<Listen>().map(Admin::new).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Admin, A::Error> {
        let table = AdminTable::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Admin {
            listen: table.listen,
            token: table.token,
        })
    }
}
