//! What stands in the watched files.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use crate::reload::fresh::Watched;
use crate::source::{directory, file};

/// What stands in the watched files, to be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<PathBuf, FileContent>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum FileContent {
    /// It has this length and this hash.
    File { length: u64, hash: u64 },
    /// Neither a file nor a directory: it is not opened, as that may block.
    Other,
    /// It could not be read, or is not there.
    Unreadable(io::ErrorKind),
}

impl Contents {
    /// Reads all of them. Blocks as long as files take.
    pub(super) fn read(paths: &[Watched]) -> Contents {
        let mut contents = Contents::default();
        for path in files(paths) {
            let content = FileContent::read(&path);
            contents.0.insert(path, content);
        }
        contents
    }

    /// The files, also those that are not there.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.0.keys().map(PathBuf::as_path)
    }

    /// Whether a file that had something in it before has nothing now, as one that is being written anew.
    pub(super) fn has_emptied(&self, before: &Contents) -> bool {
        self.0.iter().any(|(path, content)| {
            content.is_empty() && before.0.get(path).is_some_and(|before| !before.is_empty())
        })
    }
}

impl FileContent {
    fn read(path: &Path) -> FileContent {
        let read = || -> io::Result<FileContent> {
            if !fs::metadata(path)?.is_file() {
                return Ok(FileContent::Other);
            }
            let bytes = file::bytes(path)?;
            let mut hasher = DefaultHasher::new();
            bytes.hash(&mut hasher);
            Ok(FileContent::File {
                length: bytes.len() as u64,
                hash: hasher.finish(),
            })
        };
        read().unwrap_or_else(|error| FileContent::Unreadable(error.kind()))
    }

    fn is_empty(&self) -> bool {
        matches!(self, FileContent::File { length: 0, .. })
    }
}

/// The files of all paths; of a directory those that are read as settings. One that cannot be listed stands for
/// itself.
fn files(paths: &[Watched]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in paths {
        match path {
            Watched::File(file) => files.push(file.clone()),
            Watched::Directory(path) => match directory::files(path) {
                Ok(found) => files.extend(found),
                Err(_) => files.push(path.clone()),
            },
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_there_counts_and_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().to_owned();
        let paths = [
            Watched::File(root.join("a.toml")),
            Watched::Directory(root.join("conf.d")),
        ];
        let absent = Contents::read(&paths);
        fs::write(root.join("a.toml"), "a").expect("it is written");
        let one = Contents::read(&paths);
        assert_ne!(one, absent);
        // Touched, beside, hidden.
        fs::write(root.join("a.toml"), "a").expect("it is written");
        fs::write(root.join("a.toml.swp"), "x").expect("it is written");
        assert_eq!(Contents::read(&paths), one);
        fs::create_dir(root.join("conf.d")).expect("it is made");
        let empty = Contents::read(&paths);
        fs::create_dir(root.join("conf.d/c.toml")).expect("it is made");
        for name in [".b.toml.swp", "b.toml~", "#b.toml#", "4913", "README.md"] {
            fs::write(root.join("conf.d").join(name), "x").expect("it is written");
        }
        assert_eq!(Contents::read(&paths), empty);
        fs::write(root.join("conf.d/b.toml"), "b").expect("it is written");
        let two = Contents::read(&paths);
        assert_ne!(two, empty);
        fs::write(root.join("a.toml"), "").expect("it is written");
        let emptied = Contents::read(&paths);
        assert!(emptied.has_emptied(&two) && !two.has_emptied(&emptied));
        assert!(!emptied.has_emptied(&emptied));
        // Not read whole, as no load does so.
        let large = fs::File::create(root.join("a.toml")).expect("it is made");
        large.set_len(1 << 40).expect("it is large");
        let large = Contents::read(&paths);
        let too_large = FileContent::Unreadable(io::ErrorKind::FileTooLarge);
        assert_eq!(large.0.get(&root.join("a.toml")), Some(&too_large));
    }
}
