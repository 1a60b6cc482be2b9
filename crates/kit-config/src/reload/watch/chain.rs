//! The directory entries that decide where a path leads.

use std::collections::{BTreeSet, VecDeque};
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// How many links a path may have, as on Linux.
const LINKS: usize = 40;

/// The entries that decide what is found under some paths: each part of each path, with links followed, up to
/// the first that is not there. A change of one of them may lead the path elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) entries: BTreeSet<PathBuf>,
}

impl Chain {
    pub(super) fn of<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Chain {
        let mut chain = Chain::default();
        for path in paths {
            chain.add(path);
        }
        chain
    }

    /// Adds the entries of a path; one that cannot be made absolute is taken as it is.
    pub(super) fn add(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (mut at, mut rest) = (PathBuf::new(), parts(&path));
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            match part {
                Part::Root(root) => at.push(root),
                Part::Up => _ = at.pop(),
                Part::Name(name) => {
                    let entry = at.join(name);
                    self.entries.insert(entry.clone());
                    let Ok(found) = fs::symlink_metadata(&entry) else {
                        return;
                    };
                    if !found.is_symlink() {
                        at = entry;
                        continue;
                    }
                    links += 1;
                    let Ok(target) = fs::read_link(&entry) else {
                        return;
                    };
                    if links > LINKS {
                        return;
                    }
                    // A target with a root replaces the place, another one goes on from it.
                    for part in parts(&target).into_iter().rev() {
                        rest.push_front(part);
                    }
                }
            }
        }
    }

    /// The directories that hold these entries.
    pub(super) fn directories(&self) -> BTreeSet<PathBuf> {
        let parents = self.entries.iter().filter_map(|entry| entry.parent());
        parents.map(Path::to_owned).collect()
    }

    /// Whether this directory holds none of these entries but directories.
    pub(super) fn leads_on_from(&self, directory: &Path) -> bool {
        let mut held = self
            .entries
            .iter()
            .filter(|entry| entry.parent() == Some(directory));
        held.all(|entry| fs::symlink_metadata(entry).is_ok_and(|found| found.is_dir()))
    }
}

enum Part {
    /// A root, with what stands before it on Windows.
    Root(OsString),
    Up,
    Name(OsString),
}

fn parts(path: &Path) -> VecDeque<Part> {
    let part = |component: Component<'_>| match component {
        Component::Prefix(_) | Component::RootDir => {
            Some(Part::Root(component.as_os_str().to_owned()))
        }
        Component::CurDir => None,
        Component::ParentDir => Some(Part::Up),
        Component::Normal(name) => Some(Part::Name(name.to_owned())),
    };
    path.components().filter_map(part).collect()
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Below the folder, which has no links itself.
    fn entries(root: &Path, path: &str) -> Vec<String> {
        let chain = Chain::of([root.join(path).as_path()]);
        let below = chain
            .entries
            .iter()
            .filter_map(|entry| entry.strip_prefix(root).ok());
        let below = below.filter(|entry| !entry.as_os_str().is_empty());
        below.map(|entry| entry.display().to_string()).collect()
    }

    #[test]
    fn links_are_followed_and_what_is_missing_ends_the_chain() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        fs::create_dir_all(root.join("etc/..2024")).expect("it is made");
        fs::write(root.join("etc/..2024/a.toml"), "").expect("it is written");
        symlink("..2024", root.join("etc/..data")).expect("a link");
        symlink("..data/a.toml", root.join("etc/a.toml")).expect("a link");
        symlink(root.join("etc"), root.join("config")).expect("a link");
        let all = [
            "config",
            "etc",
            "etc/..2024",
            "etc/..2024/a.toml",
            "etc/..data",
            "etc/a.toml",
        ];
        assert_eq!(entries(&root, "config/a.toml"), all);
        assert_eq!(entries(&root, "etc/../etc/a.toml"), all[1..]);
        assert_eq!(entries(&root, "etc/none/a.toml"), ["etc", "etc/none"]);
    }

    #[test]
    fn links_in_a_circle_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        symlink("b", root.join("a")).expect("a link");
        symlink("a", root.join("b")).expect("a link");
        assert_eq!(entries(&root, "a"), ["a", "b"]);
    }
}
