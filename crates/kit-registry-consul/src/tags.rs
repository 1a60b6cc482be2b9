//! The beginnings of the tags that an entry has for itself.

/// Of the tag that has the version, as with Kratos.
pub(crate) const VERSION: &str = "version=";
/// Of the tag that has the whole instance.
pub(crate) const WHOLE: &str = "kit=";
/// Of the tag that names the process.
pub(crate) const OWNER: &str = "kit-owner=";
