//! Profiles: files that count beside others, such as `orders.production.toml` beside `orders.toml`.

use std::path::{Path, PathBuf};

use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;

/// A set of files beside those that always count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) name: String,
    /// Whether it may be without any file.
    pub(crate) is_optional: bool,
}

impl Profile {
    /// Refuses a name that could lead to another folder, or that no file name can hold.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !self.name.is_empty() && self.name.chars().all(is_plain) {
            return Ok(());
        }
        let expected = "it has to be of letters, digits, `-` and `_`";
        Err(self.problem(format!(
            "{:?} is no name of a profile; {expected}",
            self.name
        )))
    }

    /// Its file beside this one: `orders.production.toml` for `orders.toml`.
    pub(super) fn beside(&self, file: &Path) -> PathBuf {
        let stem = file.file_stem().unwrap_or_default();
        let mut name = stem.to_owned();
        name.push(".");
        name.push(&self.name);
        if let Some(extension) = file.extension() {
            name.push(".");
            name.push(extension);
        }
        file.with_file_name(name)
    }

    /// Its folder within this one.
    pub(super) fn within(&self, directory: &Path) -> PathBuf {
        directory.join(&self.name)
    }

    /// It has no file; these places were looked at.
    pub(super) fn absent(&self, places: &[String]) -> Problem {
        let places = match places {
            [] => "no file of settings is given that it could stand beside".to_owned(),
            places => format!("there is no {}", places.join(", nor ")),
        };
        self.problem(format!("the profile `{}` has no file: {places}", self.name))
    }

    fn problem(&self, message: String) -> Problem {
        let what = What::Other { message };
        Problem::new(Origin::Default, KeyPath::root(), what)
    }
}
