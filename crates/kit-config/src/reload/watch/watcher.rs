//! The worker that watches files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit_app::BoxError;
use kit_sync::Scope;
use kit_transport::Context;
use tokio::time::sleep;

use super::chain::Chain;
use super::contents::Contents;
use super::debounce::settle;
use super::notices::Notices;
use crate::reload::engine::{Engine, Report};
use crate::reload::fresh::Watched;
use crate::reload::options::ReloadOptions;
use crate::reload::outcome::ReloadError;

/// The shortest time between two polls.
const SHORTEST_POLL: Duration = Duration::from_millis(10);

/// Reloads each time that the contents of the files have changed, until the scope is cancelled.
///
/// The contents are read before the settings are loaded, so that a change in between is found as one; at the
/// beginning they are loaded once, for changes since they were loaded first.
pub(crate) async fn run<T: Send + Sync + 'static>(
    engine: Arc<Engine<T>>,
    options: ReloadOptions,
    context: Context,
) -> Result<(), BoxError> {
    let scope = context.scope();
    let mut watcher = Watcher::new(engine, options, scope.clone()).await?;
    let watched = tokio::select! {
        biased;
        () = scope.cancelled() => Ok(()),
        watched = watcher.watch() => watched,
    };
    watcher.source.end().await;
    watched
}

struct Watcher<T> {
    engine: Arc<Engine<T>>,
    options: ReloadOptions,
    scope: Scope,
    source: Source,
    /// Those of the last load.
    loaded: Contents,
}

/// By what a change is seen.
enum Source {
    Notices { notices: Notices, places: Places },
    Polls(Duration),
}

/// What notices are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Places {
    chain: Chain,
    whole: Vec<PathBuf>,
    /// Which directories these are; another one can have the name of one that is gone.
    identities: Vec<Identity>,
}

impl<T: Send + Sync + 'static> Watcher<T> {
    async fn new(
        engine: Arc<Engine<T>>,
        options: ReloadOptions,
        scope: Scope,
    ) -> Result<Watcher<T>, BoxError> {
        let mut watcher = Watcher {
            source: Source::Polls(options.poll.max(SHORTEST_POLL)),
            loaded: Contents::default(),
            engine,
            options,
            scope,
        };
        if !options.polls_only {
            watcher.open_notices().await?;
        }
        Ok(watcher)
    }

    /// Loads at once, for changes before files were watched; a later change has to come to rest first. After
    /// each time the contents are compared again, as the settings may name other files now.
    async fn watch(&mut self) -> Result<(), BoxError> {
        let contents = self.contents().await?;
        self.loaded = self.reload(contents).await?;
        loop {
            if self.contents().await? == self.loaded {
                self.source.changed().await;
                continue;
            }
            self.settle().await;
            let contents = self.contents().await?;
            if contents != self.loaded {
                self.loaded = self.reload(contents).await?;
            }
        }
    }

    /// Loads the settings, whose files have these contents, and gives those that were loaded. A file
    /// that is empty or wrong may be half-written, so it is read once more after another time of quiet.
    async fn reload(&mut self, mut contents: Contents) -> Result<Contents, BoxError> {
        if contents.has_emptied(&self.loaded) {
            self.settle().await;
            contents = self.contents().await?;
        }
        let tried = self.engine.reload_in(&self.scope, Report::UnlessLoading);
        if let Err(ReloadError::Load(_)) = tried.await {
            self.settle().await;
            contents = self.contents().await?;
            // The engine has counted it, and logged what it has come to.
            let tried = self.engine.reload_in(&self.scope, Report::AtOnce).await;
            drop(tried);
        }
        Ok(contents)
    }

    /// Waits until the files have come to rest.
    async fn settle(&self) {
        let ReloadOptions { quiet, longest, .. } = self.options;
        match &self.source {
            Source::Notices { notices, .. } => {
                settle(quiet, longest, || notices.changed()).await;
            }
            Source::Polls(_) => sleep(quiet).await,
        }
    }

    /// What stands in the files; notices are open for every change after that.
    async fn contents(&mut self) -> Result<Contents, BoxError> {
        if let Source::Notices { places, .. } = &self.source {
            let now = self.places().await?;
            if now != *places {
                self.open_notices().await?;
            }
        }
        let paths = self.engine.paths();
        self.blocking("read the files", move || Contents::read(&paths))
            .await
    }

    /// Asks for notices of every change from here on; where the system has none to give, the files are
    /// polled. Places that have changed meanwhile are asked for again.
    async fn open_notices(&mut self) -> Result<(), BoxError> {
        for _ in 0..ATTEMPTS {
            let places = self.places().await?;
            let asked = places.clone();
            let open = move || Notices::open(&asked.chain, &asked.whole);
            match self.blocking("watch the files", open).await? {
                Ok(notices) => {
                    let source = Source::Notices {
                        notices,
                        places: places.clone(),
                    };
                    std::mem::replace(&mut self.source, source).end().await;
                }
                Err(error) => {
                    let every = self.options.poll.max(SHORTEST_POLL);
                    tracing::warn!(
                        "files of settings are compared every {every:?}, because they cannot be watched: {error}"
                    );
                    let polls = Source::Polls(every);
                    std::mem::replace(&mut self.source, polls).end().await;
                    return Ok(());
                }
            }
            if self.places().await? == places {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn places(&self) -> Result<Places, BoxError> {
        let paths = self.engine.paths();
        self.blocking("find the files", move || Places::of(&paths))
            .await
    }

    /// Does what blocks on a thread for that.
    async fn blocking<R: Send + 'static>(
        &self,
        name: &'static str,
        body: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, BoxError> {
        let task = self.scope.spawn_blocking(name, move |_| Ok(body()));
        Ok(task.await?)
    }
}

/// How often notices are asked for anew while directories come and go.
const ATTEMPTS: usize = 8;

impl Source {
    /// Resolves when something may have changed.
    async fn changed(&self) {
        match self {
            Source::Notices { notices, .. } => notices.changed().await,
            Source::Polls(every) => sleep(*every).await,
        }
    }

    async fn end(self) {
        match self {
            Source::Notices { notices, .. } => notices.end().await,
            Source::Polls(_) => {}
        }
    }
}

impl Places {
    fn of(paths: &[Watched]) -> Places {
        let contents = Contents::read(paths);
        let mut chain = Chain::of(contents.files());
        let mut whole = Vec::new();
        for path in paths {
            if let Watched::Directory(directory) = path {
                chain.add(directory);
                // The name under which notices come has no links in it.
                whole.extend(directory.canonicalize());
            }
        }
        let directories = chain.directories();
        let identities = directories.iter().chain(&whole).map(|path| identity(path));
        let identities = identities.collect();
        Places {
            chain,
            whole,
            identities,
        }
    }
}

/// The device and the number of a file on it; none if it is gone.
type Identity = Option<(u64, u64)>;

#[cfg(unix)]
fn identity(path: &std::path::Path) -> Identity {
    use std::os::unix::fs::MetadataExt;
    let found = path.metadata().ok()?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &std::path::Path) -> Identity {
    path.metadata().ok().map(|_| (0, 0))
}
