//! References to what stands elsewhere: `${VAR}`, `${VAR:default}`, `${file:/run/secrets/x}`,
//! `${key:http.addr}`.
//!
//! | written | is |
//! |---|---|
//! | `${NAME}`, `${env:NAME}` | the variable; not set, or empty, is a mistake |
//! | `${NAME:default}`, `${env:NAME:default}` | the variable, or the default if it is not set or empty |
//! | `${file:/run/secrets/x}` | the text in this file, without the newline at its end |
//! | `${key:http.addr}` | the value of another setting |
//! | `$${` | the text `${` |
//!
//! A lower-case word in front of the first colon is always a kind (`file`, `key`, `env`), never the name of
//! a variable, so that a misspelt kind cannot pass for a variable with a default. Before a `{` two dollar
//! signs are one and the last odd one begins a reference; elsewhere a dollar sign is a dollar sign. Braces
//! inside of a reference are balanced. Defaults and paths may hold references, names and keys none. A
//! path that is relative begins in the folder of the file that it was written in.
//!
//! Only files and remote stores have references: a variable or a flag comes from a program that could
//! have put the value in, and a password must be able to hold any character there. What a reference
//! brings is not searched for further ones, except for settings, which are resolved first.

mod fault;
mod file;
mod found;
mod key;
mod outside;
mod resolver;
mod template;
mod variables;
mod walk;

pub(crate) use resolver::{Hides, Surroundings, resolve};
pub(crate) use variables::Variables;

use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// Whether this text is more than it says, so that its type is not known before it is resolved.
pub(crate) fn is_written_in(node: &Node) -> bool {
    match (&node.value, &node.origin) {
        (Value::Text(text), Origin::File(_) | Origin::Remote(_)) => text.contains("${"),
        _ => false,
    }
}

/// The text in the form in which a file holds it.
pub(crate) fn escape(text: &str) -> String {
    template::escape(text)
}

#[cfg(test)]
mod tests;
