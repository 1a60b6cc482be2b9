//! The environment: `ORDERS__HTTP__PORT=8000` for the setting `http.port` of a program with the prefix
//! `ORDERS`.
//!
//! `__` stands between the parts of a key; a number is the place in a list, from 0. Case does not
//! count, and `-` in a key is `_` in a name. A key of a map is taken in lower case if the name is in
//! upper case, else as it is written.
//!
//! A variable that is empty is not set, since compose files and unit files write `NAME=` for what they
//! do not have; an empty text is set by a file or a flag. Its name has to be right all the same.

use std::ffi::{OsStr, OsString};

use super::assignment::{Assignment, Repeated, gather};
use super::layer::Layer;
use crate::problem::{Problem, What};
use crate::shape::Shape;
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;
use name::Names;

mod name;

/// The variables of this process.
pub(crate) fn of_process() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// Reads the variables that begin with the prefix and `__`, in the order of their names.
///
/// A name that no setting has is a problem, and so are a prefix in another case, but for Windows, where names have
/// none, and a value that is not UTF-8.
pub(crate) fn read(
    prefix: &str,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    shape: &Shape,
) -> Layer {
    let origin = Origin::Variable(format!("{prefix}__").into());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if prefix.is_empty() || !prefix.chars().all(is_plain) {
        let message = format!(
            "{prefix:?} is no prefix of variables; it has to be of letters, digits and `_`"
        );
        return Layer::failed(Problem::new(
            origin,
            KeyPath::root(),
            What::Other { message },
        ));
    }
    let names = Names::new(prefix, shape);
    let mut variables: Vec<_> = variables.into_iter().collect();
    variables.sort();
    let mut assignments = Vec::new();
    let mut problems = Vec::new();
    for (name, value) in &variables {
        match assignment(&names, name, value) {
            Ok(assignment) => assignments.extend(assignment),
            Err(problem) => problems.push(problem),
        }
    }
    let mut layer = gather(origin, assignments, Repeated::IsProblem);
    layer.problems.splice(..0, problems);
    layer
}

/// `None` for a variable without the prefix, and for one that is empty.
fn assignment(
    names: &Names<'_>,
    name: &OsStr,
    value: &OsStr,
) -> Result<Option<Assignment>, Problem> {
    let shown = name.to_string_lossy();
    let origin = Origin::Variable((&*shown).into());
    let meant = names.in_right_case(&shown);
    if let Some(meant) = meant.as_ref().filter(|_| !cfg!(windows)) {
        let message = format!(
            "the case of the prefix counts, so that this variable is none of these settings; did you \
             mean `{meant}`?"
        );
        return Err(Problem::new(
            origin,
            KeyPath::root(),
            What::Other { message },
        ));
    }
    let right = meant.as_deref().unwrap_or(&shown);
    let Some(rest) = names.without_prefix(right) else {
        return Ok(None);
    };
    let not_unicode = |part: &str, key: KeyPath| {
        let message = format!("its {part} is not UTF-8");
        Problem::new(origin.clone(), key, What::Syntax { message })
    };
    if name.to_str().is_none() {
        return Err(not_unicode("name", KeyPath::root()));
    }
    let key = names
        .key(rest)
        .map_err(|(key, what)| Problem::new(origin.clone(), key, what))?;
    let Some(text) = value.to_str() else {
        return Err(not_unicode("value", key));
    };
    Ok((!text.is_empty()).then(|| Assignment {
        key,
        text: text.to_owned(),
        origin,
    }))
}

#[cfg(test)]
mod tests;
