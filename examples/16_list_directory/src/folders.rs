//! Folders to list.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

const FOLDERS: usize = 12;
const FILES: usize = 25;

/// Twelve folders, `01` to `12`, with 25 files each.
pub(crate) fn whole() -> io::Result<TempDir> {
    let root = tempfile::tempdir()?;
    for folder in 1..=FOLDERS {
        let folder = root.path().join(format!("{folder:02}"));
        fs::create_dir(&folder)?;
        for file in 1..=FILES {
            File::create(folder.join(format!("{file:02}.log")))?;
        }
    }
    Ok(root)
}

/// The same, but `07` is a link to itself. Following it is an error for every user, while root may open
/// a folder without permissions.
pub(crate) fn broken() -> io::Result<TempDir> {
    let root = whole()?;
    let folder = root.path().join("07");
    fs::remove_dir_all(&folder)?;
    link(&folder, &folder)?;
    Ok(root)
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

/// Needs the right to create links, which users have in developer mode.
#[cfg(windows)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_dir(to, at)
}
