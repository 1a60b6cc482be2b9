//! What references bring from outside of the tree: variables and files.

use std::collections::HashSet;
use std::path::PathBuf;

use super::fault::Fault;
use super::file;
use super::found::Found;
use super::variables::Variables;
use crate::shape::nearest;
use crate::tree::node::Value;
use crate::tree::origin::Origin;

/// How much references may bring in all, so that no file can exhaust the memory: ten settings of which each
/// holds the next one ten times would be 10 GB.
const MAX_BROUGHT: usize = 16 * 1024 * 1024;
const MAX_BROUGHT_TEXT: &str = "16 MiB";

/// The variables and files that references name, and how much they may still bring.
pub(super) struct Outside<'a> {
    variables: &'a Variables,
    left: usize,
    /// Also those that could not be read.
    files: Vec<PathBuf>,
    /// The same files.
    named: HashSet<PathBuf>,
}

impl<'a> Outside<'a> {
    pub(super) fn new(variables: &'a Variables) -> Outside<'a> {
        Outside {
            variables,
            left: MAX_BROUGHT,
            files: Vec::new(),
            named: HashSet::new(),
        }
    }

    /// The files that references have named.
    pub(super) fn into_files(self) -> Vec<PathBuf> {
        self.files
    }

    /// The variable as it is, for the reference `from`; `None` if it is not set or empty.
    pub(super) fn variable(&mut self, name: &str, from: String) -> Result<Option<Found>, Fault> {
        let value = self.variables.get(name).filter(|value| !value.is_empty());
        let Some(value) = value else { return Ok(None) };
        let text = String::from_utf8(value.as_encoded_bytes().to_vec());
        let text = text.map_err(|error| Fault::NoText {
            of: format!("the variable {name}"),
            after: error.utf8_error().valid_up_to(),
        })?;
        self.pay(text.len())?;
        Ok(Some(Found {
            value: Value::Text(text),
            is_untyped: true,
            is_hidden: false,
            is_url: false,
            from: vec![from],
        }))
    }

    /// That a variable is not set, or empty.
    pub(super) fn not_set(&self, name: &str) -> Fault {
        let names = self.variables.names().filter(|known| *known != name);
        Fault::NotSet {
            name: name.to_owned(),
            nearest: nearest(name, names).map(str::to_owned),
            is_empty: self.variables.get(name).is_some(),
        }
    }

    /// The text in a file that a setting of this origin names. Messages show the path as it is `written`: a
    /// part of it may come from a variable, which is not shown.
    pub(super) fn file(
        &mut self,
        origin: &Origin,
        path: &str,
        written: &str,
        from: String,
    ) -> Result<Found, Fault> {
        let path = file::path_from(origin, path);
        if self.named.insert(path.clone()) {
            self.files.push(path.clone());
        }
        let text = file::read(&path, &file::path_from(origin, written))?;
        self.pay(text.len())?;
        Ok(Found {
            value: Value::Text(text),
            is_untyped: true,
            is_hidden: true,
            is_url: false,
            from: vec![from],
        })
    }

    /// Takes this from what may still be brought.
    pub(super) fn pay(&mut self, cost: usize) -> Result<(), Fault> {
        let left = self.left.checked_sub(cost);
        self.left = left.ok_or(Fault::TooLarge {
            limit: MAX_BROUGHT_TEXT,
        })?;
        Ok(())
    }
}
