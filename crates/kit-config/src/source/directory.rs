//! The files of a directory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::file;
use super::format::{EXTENSIONS, Format};
use super::layer::Layer;
use super::refused::{self, Wanted};
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;

/// Reads the files of a directory in the order of their names (by bytes); `None` if there is none.
///
/// Files and links to files count that have the extension of a known format. Hidden ones and the
/// temporary ones of editors do not; folders do not, nor do files with other extensions, such as
/// `README.md` or `tls.crt`. So a mounted `ConfigMap` of Kubernetes is read through its links, once.
///
/// A name with a further dot, such as `http.production.toml`, is a problem: it looks like the file of a
/// profile, and would be read without it. The files of a directory's profile stand in a folder.
pub(super) fn read_if_there(directory: &Path) -> Option<Vec<Layer>> {
    match files(directory) {
        Ok(paths) => Some(paths.iter().map(|path| entry(path)).collect()),
        // A link that leads nowhere is there.
        Err(error) if refused::is_absent(&error) && directory.symlink_metadata().is_err() => None,
        Err(error) => Some(vec![unreadable(
            directory,
            refused::reason(directory, &error, Wanted::Directory),
        )]),
    }
}

/// A directory that has to be there, with a file in it.
pub(super) fn read(directory: &Path) -> Vec<Layer> {
    match read_if_there(directory) {
        Some(layers) if layers.is_empty() => {
            let reason = format!(
                "it has no file of settings; there has to be one whose name ends in {EXTENSIONS}"
            );
            vec![unreadable(directory, reason)]
        }
        Some(layers) => layers,
        None => vec![unreadable(
            directory,
            refused::missing(directory, Wanted::Directory),
        )],
    }
}

/// The files of a directory that are read.
pub(crate) fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if is_read(&path) {
            paths.push(path);
        }
    }
    paths.sort_by(|a, b| a.file_name().cmp(&b.file_name()));
    Ok(paths)
}

/// An unreadable entry is read, so that it becomes a problem.
fn is_read(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Emacs' `.#x` and vim's `.x.swp` are hidden; its `4913` has no extension, nor have `x.toml~` and
    // `#x.toml#` a known one.
    let is_temporary = name.starts_with(['.', '#']) || name.ends_with(['~', '#']);
    !is_temporary
        && Format::of(path).is_some()
        && !fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

fn entry(path: &Path) -> Layer {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let Some((name, part)) = stem.rsplit_once('.') else {
        return file::read(path);
    };
    let folder = path.parent().unwrap_or(Path::new("")).join(part);
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    let place = folder.join(format!("{name}.{extension}"));
    let message = format!(
        "a file in a directory of settings has one dot in its name; if this is for the profile \
         `{part}`, it belongs at {}",
        place.display()
    );
    let origin = Origin::Whole(file::name(path).into());
    Layer::failed(Problem::new(
        origin,
        KeyPath::root(),
        What::Other { message },
    ))
}

fn unreadable(directory: &Path, reason: String) -> Layer {
    let what = What::Unreadable {
        attempt: "read the directory".to_owned(),
        reason,
    };
    let origin = Origin::Whole(file::name(directory).into());
    Layer::failed(Problem::new(origin, KeyPath::root(), what))
}
