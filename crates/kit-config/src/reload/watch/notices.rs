//! Notices of the system that something may have changed.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::chain::Chain;

/// How long a thread of the system's notices is waited for, once it was asked to end.
const THREAD_LIMIT: Duration = Duration::from_secs(1);

/// Notices of changes of some directory entries. They come by a thread of `notify`, which
/// [`end`](Self::end) waits for.
pub(super) struct Notices {
    watcher: RecommendedWatcher,
    changed: Arc<Notify>,
    /// Resolves when the thread has let go of its end.
    ended: oneshot::Receiver<()>,
}

impl Notices {
    /// Watches the directories of a chain of entries, and those whose every entry counts. Blocks for a moment.
    ///
    /// # Errors
    /// When the system has no watches left, or cannot watch the directory of a file. Directories above it that
    /// must not be read are left out.
    pub(super) fn open(chain: &Chain, whole: &[PathBuf]) -> notify::Result<Notices> {
        let changed = Arc::new(Notify::new());
        let (thread, ended) = oneshot::channel();
        let handler = Handler {
            entries: chain.entries.clone(),
            whole: whole.iter().cloned().collect(),
            changed: Arc::clone(&changed),
            _thread: thread,
        };
        let mut watcher = notify::recommended_watcher(move |event| handler.handle(event))?;
        let directories = chain.directories();
        let all = directories.iter().map(PathBuf::as_path);
        for directory in all.chain(whole.iter().map(PathBuf::as_path)) {
            match watcher.watch(directory, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                Err(error) if is_passable(chain, directory, &error) => {
                    let directory = directory.display();
                    tracing::debug!("{directory} is not watched: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Notices {
            watcher,
            changed,
            ended,
        })
    }

    /// Resolves when something may have changed since the last time. One change is kept while it is not
    /// awaited.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Ends the notices, and the thread by which they come.
    pub(super) async fn end(self) {
        drop(self.watcher);
        if timeout(THREAD_LIMIT, self.ended).await.is_err() {
            tracing::warn!("the thread that watches files has not ended after {THREAD_LIMIT:?}");
        }
    }
}

/// Whether nothing is missed without notices of a directory: it is gone again, which is a change of the one
/// above it; or it must not be listed, and only leads to directories below.
fn is_passable(chain: &Chain, directory: &Path, error: &notify::Error) -> bool {
    match &error.kind {
        ErrorKind::PathNotFound => true,
        ErrorKind::Io(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => true,
            io::ErrorKind::PermissionDenied => chain.leads_on_from(directory),
            _ => false,
        },
        _ => false,
    }
}

/// What the thread calls; it takes one end of a channel with it when it ends.
struct Handler {
    entries: BTreeSet<PathBuf>,
    whole: BTreeSet<PathBuf>,
    changed: Arc<Notify>,
    _thread: oneshot::Sender<()>,
}

impl Handler {
    fn handle(&self, event: notify::Result<Event>) {
        // An error may have cost a notice.
        if event.as_ref().map_or(true, |event| self.is_relevant(event)) {
            self.changed.notify_one();
        }
    }

    fn is_relevant(&self, event: &Event) -> bool {
        match event.kind {
            // Files are opened and read by the reload itself.
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => {}
            EventKind::Access(_) => return false,
            _ => {}
        }
        let is_watched = |path: &PathBuf| {
            let parent = path.parent();
            self.entries.contains(path)
                || self.whole.contains(path)
                || parent.is_some_and(|parent| self.whole.contains(parent))
        };
        event.need_rescan() || event.paths.is_empty() || event.paths.iter().any(is_watched)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[tokio::test]
    async fn changes_of_the_entries_are_noticed_and_the_thread_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("it is there");
        let file = root.join("a.toml");
        let notices = Notices::open(&Chain::of([file.as_path()]), &[]).expect("watches");
        fs::write(root.join("b.toml"), "").expect("it is written");
        fs::write(&file, "a").expect("it is written");
        notices.changed().await;
        let of_thread = Arc::downgrade(&notices.changed);
        notices.end().await;
        assert!(
            of_thread.upgrade().is_none(),
            "the thread has let go of all"
        );
    }

    #[test]
    fn only_the_entries_count_and_reading_does_not() {
        let (thread, _ended) = oneshot::channel();
        let handler = Handler {
            entries: [PathBuf::from("/etc/a.toml")].into(),
            whole: [PathBuf::from("/etc/conf.d")].into(),
            changed: Arc::default(),
            _thread: thread,
        };
        let is_relevant = |kind, path: &str| {
            let event = Event::new(kind).add_path(PathBuf::from(path));
            handler.is_relevant(&event)
        };
        let modified = EventKind::Modify(notify::event::ModifyKind::Any);
        let opened = EventKind::Access(AccessKind::Open(AccessMode::Any));
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        assert!(is_relevant(modified, "/etc/a.toml"));
        assert!(is_relevant(written, "/etc/a.toml"));
        assert!(is_relevant(modified, "/etc/conf.d/b.toml"));
        assert!(!is_relevant(modified, "/etc/b.toml"));
        assert!(!is_relevant(opened, "/etc/a.toml"));
        let lost = Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan);
        assert!(handler.is_relevant(&lost));
    }
}
