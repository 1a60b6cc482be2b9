//! Which of the inherited listeners a server wants.

use std::fmt;

/// The longest name that systemd gives a descriptor.
#[cfg(feature = "driver")]
const LONGEST_NAME: usize = 255;

/// One of the inherited listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InheritedKey {
    /// By its number, from 0.
    Index(usize),
    /// By its name.
    Name(String),
}

#[cfg(feature = "driver")]
impl InheritedKey {
    /// Reads a number or a name. Digits alone are a number.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn parse(text: &str) -> Result<InheritedKey, String> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(index) if is_number => Ok(InheritedKey::Index(index)),
            Err(_) if is_number => Err(refused()),
            _ => InheritedKey::name(text),
        }
    }

    /// # Errors
    /// When no descriptor can have the name: `LISTEN_FDNAMES` divides names by colons.
    pub(crate) fn name(name: &str) -> Result<InheritedKey, String> {
        let can_be_one = |byte: u8| byte.is_ascii_graphic() && byte != b':';
        let is_name =
            !name.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(can_be_one);
        if is_name {
            Ok(InheritedKey::Name(name.to_owned()))
        } else {
            Err(refused())
        }
    }
}

#[cfg(feature = "driver")]
fn refused() -> String {
    "the number of an inherited listener, from 0, or its name stands behind the colon; write \
     `inherited:0` or `inherited:http`"
        .to_owned()
}

impl fmt::Display for InheritedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InheritedKey::Index(index) => write!(f, "{index}"),
            InheritedKey::Name(name) => f.write_str(name),
        }
    }
}
