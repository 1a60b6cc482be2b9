//! Why a file or a directory cannot be read, in the words of its reader.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::shape::nearest;

/// How many links are followed before they count as a circle, as with Linux.
const LINKS: usize = 40;

/// How many names of a directory are compared with one that is not in it.
const NAMES: usize = 1000;

/// The kind of a path's end that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    File,
    Directory,
}

/// Whether a path leads to nothing: one that leads through a file is as absent as one that ends nowhere.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// Why the operating system refuses a path, in lower case and without its number; with what would be right
/// where that can be seen. Paths are written as `path` is.
pub(crate) fn reason(path: &Path, error: &io::Error, wanted: Wanted) -> String {
    if let Some(link) = circle(path) {
        return format!("the link {} leads back to itself", link.display());
    }
    match error.kind() {
        _ if is_absent(error) => missing(path, wanted),
        io::ErrorKind::PermissionDenied => "this process has no permission to read it".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory, not a file".to_owned(),
        _ => plain(error),
    }
}

/// The missing part of a path that leads to nothing: the target of a link, a directory on the way, or the file
/// itself, with the most similar name beside it.
pub(super) fn missing(path: &Path, wanted: Wanted) -> String {
    if let Ok(target) = fs::read_link(path) {
        return format!("it is a link to {}, which is not there", target.display());
    }
    if wanted == Wanted::Directory && path.is_file() {
        return "it is a file, not a directory".to_owned();
    }
    let mut parents: Vec<&Path> = path.ancestors().skip(1).collect();
    parents.retain(|parent| !parent.as_os_str().is_empty());
    parents.reverse();
    for parent in parents {
        match fs::metadata(parent) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return format!("{} is a file, not a directory", parent.display()),
            Err(_) => return format!("there is no directory {}", parent.display()),
        }
    }
    let noun = match wanted {
        Wanted::File => "file",
        Wanted::Directory => "directory",
    };
    match beside(path) {
        Some(name) => format!(
            "there is no such {noun}; did you mean {}?",
            path.with_file_name(name).display()
        ),
        None => format!("there is no such {noun}"),
    }
}

/// The name beside a path that is most like its own.
fn beside(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let entries = fs::read_dir(parent.unwrap_or(Path::new("."))).ok()?;
    let names = entries.take(NAMES);
    let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.collect();
    names.sort();
    nearest(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// The first link on the way to a path that leads back to itself.
fn circle(path: &Path) -> Option<PathBuf> {
    let mut ancestors: Vec<&Path> = path.ancestors().collect();
    ancestors.reverse();
    let is_circle = |link: &&Path| {
        let mut at = link.to_path_buf();
        for _ in 0..LINKS {
            let Ok(target) = fs::read_link(&at) else {
                return false;
            };
            at = at.parent().unwrap_or(Path::new("")).join(target);
        }
        true
    };
    ancestors.into_iter().find(is_circle).map(Path::to_path_buf)
}

/// `Too many open files (os error 24)` as `too many open files`.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    let first = letters.next().into_iter().flat_map(char::to_lowercase);
    first.chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_system_is_said_without_its_number() {
        let many = io::Error::from_raw_os_error(24);
        let path = Path::new("/");
        let said = reason(path, &many, Wanted::File);
        assert!(
            !said.contains("os error") && !said.starts_with(char::is_uppercase),
            "{said}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_missing_is_named_with_what_would_be_right() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        fs::create_dir(root.join("config")).expect("a folder");
        fs::write(root.join("config/orders.toml"), "").expect("a file");
        symlink("docs", root.join("docs")).expect("a link");
        symlink("b", root.join("a")).expect("a link");
        symlink("./a", root.join("b")).expect("a link");
        symlink("gone", root.join("lost.toml")).expect("a link");
        let shown = |name: &str, wanted| {
            let path = root.join(name);
            let error = match wanted {
                Wanted::File => fs::read(&path).expect_err(name),
                Wanted::Directory => fs::read_dir(&path).map(drop).expect_err(name),
            };
            let said = reason(&path, &error, wanted);
            said.replace(&format!("{}/", root.display()), "")
        };
        use Wanted::{Directory, File};
        for (name, wanted, expected) in [
            (
                "config/order.toml",
                File,
                "there is no such file; did you mean config/orders.toml?",
            ),
            ("config/x.toml", File, "there is no such file"),
            ("conf/orders.toml", File, "there is no directory conf"),
            (
                "config/orders.toml/x",
                File,
                "config/orders.toml is a file, not a directory",
            ),
            ("config", File, "it is a directory, not a file"),
            (
                "config/orders.toml",
                Directory,
                "it is a file, not a directory",
            ),
            (
                "confg",
                Directory,
                "there is no such directory; did you mean config?",
            ),
            (
                "lost.toml",
                File,
                "it is a link to gone, which is not there",
            ),
            ("docs", Directory, "the link docs leads back to itself"),
            ("docs/x.toml", File, "the link docs leads back to itself"),
            ("a", File, "the link a leads back to itself"),
        ] {
            assert_eq!(shown(name, wanted), expected, "{name}");
        }
    }
}
