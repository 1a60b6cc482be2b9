//! The files that references name.

use std::path::PathBuf;

/// The files that references name, which are watched as well.
///
/// Those of a load that has failed are among them: a file that is missing is the mistake, and its appearance
/// mends it. Those of the last right load stay beside them, as a source that could not be read names none.
#[derive(Debug, Default)]
pub(super) struct Referred {
    right: Vec<PathBuf>,
    failed: Vec<PathBuf>,
}

impl Referred {
    /// Takes over those of a load that was right.
    pub(super) fn set_right(&mut self, files: Vec<PathBuf>) {
        self.right = files;
        self.failed.clear();
    }

    /// Takes over those of a load that has failed.
    pub(super) fn set_failed(&mut self, files: Vec<PathBuf>) {
        self.failed = files;
        self.failed.retain(|file| !self.right.contains(file));
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.right.iter().chain(&self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_load_adds_its_files_until_one_is_right() {
        let files = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
        let mut referred = Referred::default();
        referred.set_right(files(&["a", "b"]));
        referred.set_failed(files(&["b", "c"]));
        referred.set_failed(files(&["b", "d"]));
        assert!(referred.files().eq(&files(&["a", "b", "d"])));
        referred.set_right(files(&["d"]));
        assert!(referred.files().eq(&files(&["d"])));
    }
}
