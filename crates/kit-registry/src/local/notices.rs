//! Notices of the system that something in the directory may have changed.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::watch;

use super::directory::Directory;

/// The notices of one view, for all its watches: they come by one thread of `notify`, which ends when the
/// last watch has let go of them.
pub(super) struct Notices {
    directory: Arc<Directory>,
    shared: Mutex<Weak<SharedNotices>>,
}

pub(super) struct SharedNotices {
    /// Sent after each change.
    changes: watch::Sender<()>,
    _watcher: RecommendedWatcher,
    identity: Option<(u64, u64)>,
    /// Whether the directory was removed. The next one at its path may have its number.
    is_over: Arc<AtomicBool>,
}

impl Notices {
    pub(super) fn new(directory: Arc<Directory>) -> Notices {
        Notices {
            directory,
            shared: Mutex::default(),
        }
    }

    /// The notices of the directory that is there now; another one may have its path. Blocks for a moment.
    ///
    /// # Errors
    /// When the system has no watches left, or none for this file system.
    pub(super) fn open(&self) -> notify::Result<Arc<SharedNotices>> {
        let mut shared = kit_sync::lock(&self.shared);
        let identity = identity(&self.directory);
        if let Some(open) = shared.upgrade()
            && open.identity == identity
            && !open.is_over.load(Ordering::SeqCst)
        {
            return Ok(open);
        }
        let changes = watch::Sender::new(());
        let sender = changes.clone();
        let is_over = Arc::new(AtomicBool::new(false));
        let (ends, path) = (Arc::clone(&is_over), self.directory.path().to_owned());
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event
                .as_ref()
                .is_ok_and(|event| is_removal_of(&path, event))
            {
                ends.store(true, Ordering::SeqCst);
            }
            // An error may have cost a notice.
            if event.as_ref().map_or(true, is_relevant) {
                sender.send_replace(());
            }
        })?;
        watcher.watch(self.directory.path(), RecursiveMode::NonRecursive)?;
        let opened = Arc::new(SharedNotices {
            changes,
            _watcher: watcher,
            identity,
            is_over,
        });
        *shared = Arc::downgrade(&opened);
        Ok(opened)
    }
}

impl SharedNotices {
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }
}

/// A touched file is no change: it is looked at before it runs out. Neither is one that is read.
fn is_relevant(event: &Event) -> bool {
    let is_small = matches!(
        event.kind,
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_))
    );
    let is_hidden = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with('.'))
    };
    let is_hidden = !event.paths.is_empty() && event.paths.iter().all(is_hidden);
    event.need_rescan() || !(is_small || is_hidden)
}

/// Whether the directory itself was removed.
fn is_removal_of(directory: &Path, event: &Event) -> bool {
    matches!(event.kind, EventKind::Remove(_)) && event.paths.iter().any(|path| path == directory)
}

/// Which directory this is.
#[cfg(unix)]
fn identity(directory: &Directory) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    let data = std::fs::metadata(directory.path()).ok()?;
    Some((data.dev(), data.ino()))
}

/// Which directory this is; unknown, so the notices of a removed one end with the next look alone.
#[cfg(not(unix))]
fn identity(_directory: &Directory) -> Option<(u64, u64)> {
    None
}
