//! Settings that have been loaded.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Settings;
use crate::problem::Problem;
use crate::tree::node::Node;

/// Settings that have been loaded, with where each came from.
pub struct Loaded<T> {
    pub(super) settings: T,
    pub(super) sources: Settings<T>,
    pub(super) tree: Node,
    pub(super) warnings: Vec<Problem>,
    pub(super) files: Vec<PathBuf>,
}

impl<T> Loaded<T> {
    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &T {
        &self.settings
    }

    /// The settings alone.
    #[must_use]
    pub fn into_settings(self) -> T {
        self.settings
    }

    /// The sources they were loaded from, those of the command line among them: what loads them anew.
    pub fn sources(&self) -> &Settings<T> {
        &self.sources
    }

    /// What works, but should be changed: keys that have a new name, and variables that are
    /// like the variable of a flag and are none.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// Where the value of a key was written: `orders.toml:12:8`, `variable ORDERS__HTTP__ADDR`, or
    /// `default`; of a table the first value in it. `None` if there is no such setting.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<String> {
        let node = self.tree.get(&crate::rules::parse_key(key))?;
        Some(node.first_origin().to_string())
    }

    /// The files that references name, such as `${file:/run/secrets/token}`.
    pub fn referred_files(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(PathBuf::as_path)
    }

    /// All settings with their origins, defaults among them.
    pub(crate) fn tree(&self) -> &Node {
        &self.tree
    }
}

/// Without the settings, which may hold secrets that do not hide themselves.
impl<T> fmt::Debug for Loaded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded")
            .field("warnings", &self.warnings.len())
            .finish_non_exhaustive()
    }
}
