//! The variables of the process.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The variables of the process, as they were at one time.
#[derive(Default)]
pub(crate) struct Variables(BTreeMap<OsString, OsString>);

impl Variables {
    pub(super) fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(&OsString::from(name))
    }

    /// The names that are text.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().filter_map(|name| name.to_str())
    }
}

impl FromIterator<(OsString, OsString)> for Variables {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Variables {
        Variables(variables.into_iter().collect())
    }
}
