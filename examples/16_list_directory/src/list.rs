//! Three ways to list all files below a folder.

use std::fs;
use std::io;
use std::ops::ControlFlow::{self, Break, Continue};
use std::path::{Path, PathBuf};

use kit_sync::Scope;
use tokio::sync::mpsc;

/// The capacity of the channel, in names.
const CAPACITY: usize = 16;

#[derive(Debug, thiserror::Error)]
#[error("could not read {}: {error}", path.display())]
pub(crate) struct Unreadable {
    path: PathBuf,
    error: io::Error,
}

/// One entry of a listing: a name below the root, or the error in its place.
pub(crate) type Entry = Result<PathBuf, Unreadable>;

/// Returns all names at once.
pub(crate) fn slice(root: &Path) -> Result<Vec<PathBuf>, Unreadable> {
    let mut names = Vec::new();
    let end = visit(root, |entry| match entry {
        Ok(name) => {
            names.push(name);
            Continue(())
        }
        Err(error) => Break(error),
    });
    match end {
        Continue(()) => Ok(names),
        Break(error) => Err(error),
    }
}

/// Returns a channel of names, and leaves a task behind that fills it.
///
/// Elsewhere such a function starts its producer out of sight. This one is given a scope for a single
/// reason: so that the producer can be shown.
pub(crate) fn channel(scope: &Scope, root: PathBuf) -> mpsc::Receiver<PathBuf> {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    scope.spawn_blocking("producer", move |_a_send_sees_no_token| {
        let _ = visit(&root, |entry| match entry {
            Ok(name) => sender.blocking_send(name).map_or(Break(()), Continue),
            // A channel of names cannot carry the error: it is closed, as at the end.
            Err(_) => Break(()),
        });
    });
    receiver
}

/// Calls `visitor` with each entry, until it breaks off. An error is an entry like others, and the
/// visitor decides whether it is the last one. The other two ways can be built on this one.
pub(crate) fn visit<B>(
    root: &Path,
    mut visitor: impl FnMut(Entry) -> ControlFlow<B>,
) -> ControlFlow<B> {
    visit_folder(root, Path::new(""), &mut visitor)
}

fn visit_folder<B>(
    root: &Path,
    folder: &Path,
    visitor: &mut impl FnMut(Entry) -> ControlFlow<B>,
) -> ControlFlow<B> {
    let names = match names(&root.join(folder)) {
        Ok(names) => names,
        Err(error) => return visitor(Err(unreadable(folder, error))),
    };
    for name in names {
        let path = folder.join(name);
        match fs::metadata(root.join(&path)) {
            Ok(found) if found.is_dir() => visit_folder(root, &path, visitor)?,
            Ok(_) => visitor(Ok(path))?,
            Err(error) => visitor(Err(unreadable(&path, error)))?,
        }
    }
    Continue(())
}

fn names(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    let mut names = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn unreadable(path: &Path, error: io::Error) -> Unreadable {
    let path = path.to_owned();
    Unreadable { path, error }
}
