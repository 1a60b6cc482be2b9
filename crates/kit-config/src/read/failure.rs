//! Why serde refuses a value, and which one.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use crate::tree::key::KeyPath;

/// Why serde refuses a value, and which one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Failure {
    /// Where it was met; not known before it has left the value's own `Deserialize`.
    pub(super) key: Option<KeyPath>,
    pub(super) reason: Reason,
}

/// Why a value is refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reason {
    /// The table has no such field.
    Missing(String),
    /// The table has a field too many.
    Unknown(String),
    /// The value is not the expected one, in the words of its type: `a nonzero u16`.
    Invalid { expected: String },
    /// The key of a map is not the expected one.
    Key { expected: String },
    /// A message of the type's own `Deserialize`.
    Refused(String),
}

impl Failure {
    pub(super) fn new(reason: Reason) -> Failure {
        Failure { key: None, reason }
    }

    pub(super) fn invalid(expected: &dyn Expected) -> Failure {
        let expected = expected.to_string();
        Failure::new(Reason::Invalid { expected })
    }

    /// The same about the key of a map, not about its value.
    pub(super) fn of_key(self) -> Failure {
        match self.reason {
            Reason::Invalid { expected } => Failure::new(Reason::Key { expected }),
            reason => Failure::new(reason),
        }
    }

    /// It was met at this key, unless a value inside of it is at fault.
    pub(super) fn at(mut self, key: &KeyPath) -> Failure {
        self.key.get_or_insert_with(|| key.clone());
        self
    }
}

impl Error for Failure {
    fn custom<T: fmt::Display>(message: T) -> Failure {
        Failure::new(Reason::Refused(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Failure {
        Failure::invalid(expected)
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Failure {
        Failure::invalid(expected)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Failure {
        let expected = crate::shape::one_of(expected);
        Failure::new(Reason::Invalid { expected })
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Failure {
        Failure::new(Reason::Unknown(field.to_owned()))
    }

    fn missing_field(field: &'static str) -> Failure {
        Failure::new(Reason::Missing(field.to_owned()))
    }
}

impl std::error::Error for Failure {}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            Reason::Missing(field) => write!(f, "`{field}` is missing"),
            Reason::Unknown(field) => write!(f, "`{field}` is unknown"),
            Reason::Invalid { expected } | Reason::Key { expected } => write!(f, "not {expected}"),
            Reason::Refused(message) => f.write_str(message),
        }
    }
}
