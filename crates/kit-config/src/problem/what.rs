//! The kinds of mistakes, and how each is said.

use std::fmt;

use crate::tree::origin::Origin;

/// A mistake in a setting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// No setting has this key.
    Unknown {
        /// The known key that is most like it.
        nearest: Option<String>,
    },
    /// A value that is not what its setting takes. `found` is the value as it was written, masked if it
    /// is secret; `expected` has an article.
    Type { found: String, expected: String },
    /// A setting without a default is not set.
    Missing { expected: String },
    /// A text that its format does not allow; the message is lower case, without a full stop.
    Syntax { message: String },
    /// A key that one source sets twice.
    Duplicate { first: Origin },
    /// A source that could not be read: a file, a folder, a remote store. `attempt` is such as "read the
    /// file", `reason` has no full stop.
    Unreadable { attempt: String, reason: String },
    /// A rule that settings break; the message goes on from the key.
    Rule { message: String },
    /// All else, said in a sentence that is lower case, without a full stop.
    Other { message: String },
}

impl What {
    /// Tables and lists in one another, beyond the depth up to which they are read.
    pub(crate) fn too_deep(limit: usize) -> What {
        What::Syntax {
            message: format!("tables and lists are nested more than {limit} deep here"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Unknown { nearest } => {
                f.write_str("there is no such setting")?;
                match nearest {
                    Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
                    None => Ok(()),
                }
            }
            What::Type { found, expected } => write!(f, "{found} is not {expected}"),
            What::Duplicate { first } => {
                write!(f, "is set a second time; the first is at {first}")
            }
            What::Unreadable { attempt, reason } => write!(f, "failed to {attempt}: {reason}"),
            What::Missing { expected } => write!(f, "is missing; it has to be {expected}"),
            What::Syntax { message } | What::Rule { message } | What::Other { message } => {
                f.write_str(message)
            }
        }
    }
}
