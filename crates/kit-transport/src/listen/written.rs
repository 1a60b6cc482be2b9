//! A place to listen at, from a file or the environment: a text, or a table with the other settings.

use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, Serializer};

use super::at::At;
use super::{HandOver, Listen};

/// From the text that [`FromStr`](std::str::FromStr) takes, and with its errors; or from a table with
/// such a text as `address`, beside `backlog`, `no_delay`, `keep_alive` (a duration or `"off"`), `mode`
/// (`"0660"`) and `hand_over` (`"none"`, `"shared-listener"`, `"reuse-port"`).
impl<'de> Deserialize<'de> for Listen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Listen, D::Error> {
        deserializer.deserialize_any(TextOrTable)
    }
}

/// As the text, if that says all of it, else as the table. A listener that is bound already has no text,
/// which is an error.
impl Serialize for Listen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.at {
            At::Existing(_) => {
                let why = "a listener that is bound already cannot be written";
                return Err(S::Error::custom(why));
            }
            At::Unusable(error) => return Err(S::Error::custom(error)),
            At::Address(_)
            | At::Everywhere(_)
            | At::Localhost(_)
            | At::Unix(_)
            | At::Inherited(_) => {}
        }
        let plain = ListenTable::from(&at(self.at.clone()));
        let table = ListenTable::from(self);
        if table == plain {
            serializer.collect_str(self)
        } else {
            table.serialize(serializer)
        }
    }
}

struct TextOrTable;

impl<'de> Visitor<'de> for TextOrTable {
    type Value = Listen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED)?;
        f.write_str(", or a table with it as `address`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Listen, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Listen, A::Error> {
        ListenTable::deserialize(MapAccessDeserializer::new(map)).map(Listen::from)
    }
}

const EXPECTED: &str = "an address to listen at, such as \":8000\" or \"localhost:8000\"";

/// Where a server listens, and how.
#[derive(serde::Serialize, serde::Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(super) struct ListenTable {
    /// The address: `:8000` for every interface, `localhost:8000` for this machine alone, an IP address
    /// with a port, `unix:/run/server.sock`, `inherited:0` or `inherited:http`.
    #[cfg_attr(feature = "schema", schemars(with = "String", example = ":8000"))]
    address: Address,
    /// How many connections the system queues until they are accepted. Default: 1024.
    #[serde(default = "backlog")]
    backlog: u32,
    /// Whether small writes leave at once. Default: yes.
    #[serde(default = "no_delay")]
    no_delay: bool,
    /// How often the system asks a silent client whether it is still there, in whole seconds from 1 s to
    /// 32767 s, or `off`. Default: 15 s.
    #[serde(default = "keep_alive", with = "kit_units::limit")]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Limit"))]
    keep_alive: Option<Duration>,
    /// The permissions of a Unix socket's file, such as `0660`. Default: those that the process' umask
    /// leaves.
    #[serde(default, with = "mode", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    mode: Option<u32>,
    /// Which process takes over once the server stops. Default: `none`, and for `inherited`
    /// `shared-listener`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hand_over: Option<HandOver>,
}

/// The text of an address, which is parsed where it stands, so that an error names its key.
struct Address(At);

impl PartialEq for Address {
    fn eq(&self, other: &Address) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Address, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Address;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Address, E> {
                let listen: Listen = text.parse().map_err(E::custom)?;
                Ok(Address(listen.at))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl From<&Listen> for ListenTable {
    fn from(listen: &Listen) -> ListenTable {
        ListenTable {
            address: Address(listen.at.clone()),
            backlog: listen.backlog,
            no_delay: listen.no_delay,
            keep_alive: listen.keep_alive,
            mode: listen.mode,
            hand_over: Some(listen.hand_over),
        }
    }
}

impl From<ListenTable> for Listen {
    fn from(table: ListenTable) -> Listen {
        let listen = at(table.address.0);
        Listen {
            backlog: table.backlog,
            no_delay: table.no_delay,
            keep_alive: table.keep_alive,
            mode: table.mode,
            hand_over: table.hand_over.unwrap_or(listen.hand_over),
            ..listen
        }
    }
}

/// With the settings that such a place has by default.
fn at(at: At) -> Listen {
    match at {
        At::Inherited(wanted) => Listen::at_inherited(wanted),
        at => Listen::new(at),
    }
}

fn default() -> Listen {
    Listen::new(At::Everywhere(0))
}

fn backlog() -> u32 {
    default().backlog
}

fn no_delay() -> bool {
    default().no_delay
}

fn keep_alive() -> Option<Duration> {
    default().keep_alive
}

/// The permissions of a file, in octal digits. A number is refused: without its `0o` it would be another
/// one, and what a file held is not known here.
mod mode {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<u32>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let digits = text.strip_prefix("0o").unwrap_or(&text);
        let is_octal = digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let mode = u32::from_str_radix(digits, 8).ok();
        match mode.filter(|mode| is_octal && *mode <= 0o7777) {
            Some(mode) => Ok(Some(mode)),
            None => Err(D::Error::custom(format!(
                "{text:?} is no permissions of a file: write octal digits, such as \"0660\""
            ))),
        }
    }

    pub(super) fn serialize<S: Serializer>(
        mode: &Option<u32>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match mode {
            Some(mode) => serializer.collect_str(&format_args!("{mode:04o}")),
            None => serializer.serialize_none(),
        }
    }
}
