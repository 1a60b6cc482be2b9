//! Mistakes in references. No message shows what a variable, a file or another setting holds.

use std::fmt;

/// A mistake in a reference.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    NotClosed,
    /// Nothing is named.
    Empty,
    TooDeep {
        limit: usize,
    },
    UnknownKind {
        word: String,
    },
    /// This is not the name of a variable.
    NoName {
        name: String,
    },
    /// This is not the key of a setting.
    NoKey {
        key: String,
    },
    NotSet {
        name: String,
        nearest: Option<String>,
        is_empty: bool,
    },
    /// The bytes after these are not UTF-8.
    NoText {
        of: String,
        after: usize,
    },
    Unreadable {
        path: String,
        why: String,
    },
    NoFile {
        path: String,
    },
    LargeFile {
        path: String,
    },
    EmptyFile {
        path: String,
    },
    UnknownKey {
        key: String,
        nearest: Option<String>,
    },
    /// A table or a list with text around it.
    NotInText {
        reference: String,
        what: &'static str,
    },
    /// The keys, from one to the same again.
    Circle {
        keys: Vec<String>,
    },
    /// So long a chain of settings that it is a mistake.
    LongChain {
        limit: usize,
    },
    /// Of tables and lists.
    DeepTree {
        limit: usize,
    },
    TooLarge {
        limit: &'static str,
    },
}

impl fmt::Display for Fault {
    /// One sentence for each fault, which names the reference as it is written. Where there is a way out
    /// that the writer may not know, such as a default or another kind, it follows.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::NotClosed => f.write_str(
                "a reference that begins with `${` has no `}`; the text `${` is written `$${`",
            ),
            Fault::Empty => f.write_str(
                "a reference names nothing; write ${VARIABLE}, ${VARIABLE:default}, \
                 ${file:/path} or ${key:another.setting}",
            ),
            Fault::TooDeep { limit } => {
                write!(f, "more than {limit} references stand in each other")
            }
            Fault::UnknownKind { word } => write!(
                f,
                "`${{{word}:` is no kind of reference: there are `${{file:`, `${{key:` and `${{env:`, \
                 and a variable with a default is `${{env:{word}:…}}`"
            ),
            Fault::NoName { name } => write!(
                f,
                "`{name}` is not the name of a variable, which has letters, digits and `_`; \
                 another setting is `${{key:{name}}}`"
            ),
            Fault::NoKey { key } => write!(
                f,
                "`{key}` is not the key of a setting, such as `http.addr` or `servers[0].name`"
            ),
            Fault::NotSet {
                name,
                nearest,
                is_empty,
            } => {
                let state = if *is_empty { "empty" } else { "not set" };
                write!(f, "the variable {name} is {state}")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean {nearest}?"),
                    None => write!(f, "; `${{{name}:…}}` would have a default"),
                }
            }
            Fault::NoText { of, after } => write!(f, "{of} is not UTF-8 after its byte {after}"),
            Fault::Unreadable { path, why } => write!(f, "cannot read the file {path}: {why}"),
            Fault::NoFile { path } => write!(f, "{path} is not a regular file"),
            Fault::EmptyFile { path } => write!(f, "the file {path} is empty"),
            Fault::LargeFile { path } => {
                write!(
                    f,
                    "the file {path} is larger than 1 MiB, which no setting is"
                )
            }
            Fault::UnknownKey { key, nearest } => {
                write!(f, "the setting `{key}` that is referred to has no value")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            Fault::NotInText { reference, what } => write!(
                f,
                "`{reference}` is {what}, which cannot stand inside of a text"
            ),
            Fault::DeepTree { limit } => {
                write!(
                    f,
                    "references bring more than {limit} tables or lists in each other"
                )
            }
            Fault::Circle { keys } => {
                write!(f, "references go in a circle: {}", keys.join(" -> "))
            }
            Fault::LongChain { limit } => {
                write!(
                    f,
                    "more than {limit} settings refer to each other in a chain"
                )
            }
            Fault::TooLarge { limit } => {
                write!(f, "all that references bring is larger than {limit}")
            }
        }
    }
}
