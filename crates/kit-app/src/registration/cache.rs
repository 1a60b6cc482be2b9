//! The directory in which lists of instances are kept.

use std::path::Path;

use kit_units::WrongOption;

/// Refuses a path that depends on where the process was started, and one of a file. The directory is made
/// at the first list, so it need not be there.
pub(crate) fn refuse_cache_dir(directory: &Path) -> Option<WrongOption> {
    let is_wrong = !directory.is_absolute() || (directory.exists() && !directory.is_dir());
    let expected = "the absolute path of a directory, which is made when it is not there";
    WrongOption::refuse_if(is_wrong, "cache_dir", format!("{directory:?}"), expected)
}
