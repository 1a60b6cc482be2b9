//! Loads settings anew and replaces them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use kit_sync::{BoxError, Scope};
use tokio::sync::watch;

use super::current::Current;
use super::fresh::{Fresh, Pipeline, Watched};
use super::outcome::{ReloadError, Reloaded, Reloads};
use super::subscriber::{Commit, Prepared, Subscriber};
use super::turn::Turn;
use crate::LoadError;

/// Loads settings anew and replaces them, while the app runs. Cheap to clone.
///
/// A reload is asked for by a signal or the app's handle, by a change of a file (both through
/// [`option`](Self::option)), or by [`reload`](Self::reload). It loads everything anew, in the order that
/// always holds, so that a key which is gone has its default again. Anything wrong changes nothing.
/// What stands in a [`Live`](crate::Live) is replaced at once, for all readers; a change of anything else is
/// reported as one that needs a restart.
pub struct Reloader<T>(Arc<Shared<T>>);

struct Shared<T> {
    pipeline: Arc<dyn Pipeline<T>>,
    current: Current<T>,
    subscribers: Mutex<Vec<Arc<Subscriber<T>>>>,
    /// How many reloads were asked for.
    requests: AtomicU64,
    /// Held by the reload that runs.
    turn: tokio::sync::Mutex<Turn>,
    reloads: watch::Sender<Reloads>,
}

impl<T: Send + Sync + 'static> Reloader<T> {
    /// Begins with settings that were loaded.
    pub(super) fn of(pipeline: impl Pipeline<T>, loaded: Fresh<T>) -> Reloader<T> {
        Reloader(Arc::new(Shared {
            pipeline: Arc::new(pipeline),
            current: Current::new(loaded.settings),
            subscribers: Mutex::default(),
            requests: AtomicU64::new(0),
            turn: tokio::sync::Mutex::new(Turn::new(loaded.tree, loaded.warnings)),
            reloads: watch::Sender::new(Reloads::default()),
        }))
    }

    /// The settings as they are now, for those that read them.
    #[must_use]
    pub fn current(&self) -> Current<T> {
        self.0.current.clone()
    }

    /// Adds code that is asked, with the old and the new settings, before each replacement, in the order in
    /// which it was added. It is called only when something has changed.
    ///
    /// It works in two steps. First all subscribers are asked. One that returns an error, or panics, refuses:
    /// nothing is replaced, no other is asked, and what those before it gave is dropped. So `prepare` has no
    /// effect outside that its result does not undo when it is dropped. Then the settings are replaced,
    /// and the functions that were given are called, in order; `Ok(())` gives none.
    ///
    /// It runs on the task that reloads and must not block, nor wait for another reload.
    ///
    /// ```no_run
    /// # fn of(reloader: kit_config::Reloader<u32>) {
    /// reloader.subscribe("pool", |old, new| {
    ///     if *new == 0 {
    ///         return Err("a pool of no connections");
    ///     }
    ///     let size = *new;
    ///     Ok(move || println!("the pool has {size} connections now"))
    /// });
    /// # }
    /// ```
    pub fn subscribe<C, E>(
        &self,
        name: impl Into<String>,
        prepare: impl Fn(&T, &T) -> Result<C, E> + Send + Sync + 'static,
    ) where
        C: Commit,
        E: Into<BoxError>,
    {
        let subscriber = Arc::new(Subscriber::new(name.into(), prepare));
        kit_sync::lock(&self.0.subscribers).push(subscriber);
    }

    /// How often settings were loaded anew, and with what success; changes after each time.
    #[must_use]
    pub fn reloads(&self) -> watch::Receiver<Reloads> {
        self.0.reloads.subscribe()
    }

    /// Loads everything anew and replaces the settings, and gives what came of it. The files are read on the
    /// task that calls.
    ///
    /// Reloads run one at a time. All requests that come before one begins are one; a request during one
    /// is one more after it. A failure is logged with every mistake, once for each reload.
    ///
    /// # Errors
    /// [`ReloadError`]; nothing was changed then.
    ///
    /// # Cancel safety
    /// A reload that is dropped has changed nothing, or has ended.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        let pipeline = Arc::clone(&self.0.pipeline);
        self.run(Report::AtOnce, async move { Ok(pipeline.load()) })
            .await
    }

    /// [`reload`](Self::reload) with the files read on a thread for what blocks, in `scope`.
    pub(super) async fn reload_in(
        &self,
        scope: &Scope,
        report: Report,
    ) -> Result<Reloaded, ReloadError> {
        let load = async {
            let pipeline = Arc::clone(&self.0.pipeline);
            let loading = scope.spawn_blocking("load the settings", move |_| Ok(pipeline.load()));
            let loaded = loading.await;
            loaded.map_err(|error| ReloadError::NotLoaded(Arc::new(error)))
        };
        self.run(report, load).await
    }

    pub(super) fn paths(&self) -> Vec<Watched> {
        self.0.pipeline.paths()
    }

    /// How many reloads were asked for.
    #[cfg(test)]
    pub(super) fn requests(&self) -> u64 {
        self.0.requests.load(Ordering::Acquire)
    }

    /// Waits for the turn, and reloads unless one that began after this request has done so.
    async fn run(
        &self,
        report: Report,
        load: impl Future<Output = Result<Result<Fresh<T>, LoadError>, ReloadError>>,
    ) -> Result<Reloaded, ReloadError> {
        // AcqRel, and Acquire below: what the requests that are covered have written to files before is
        // there when the files are read.
        let request = self.0.requests.fetch_add(1, Ordering::AcqRel) + 1;
        let mut turn = self.0.turn.lock().await;
        if let Some(answer) = turn.answer_to(request) {
            return answer;
        }
        let last = self.0.requests.load(Ordering::Acquire);
        let loaded = load.await;
        let answer = loaded.and_then(|loaded| self.replace(&mut turn, loaded));
        if let Err(error) = &answer {
            report.log(error);
        }
        if report == Report::UnlessLoading && matches!(answer, Err(ReloadError::Load(_))) {
            // It is asked for again soon, and counts then.
            return answer;
        }
        turn.set_answer(last, answer.clone());
        self.0
            .reloads
            .send_modify(|reloads| reloads.record(answer.clone()));
        answer
    }

    /// Replaces the settings by those that were loaded, if all agree. Without an await, so that it happens
    /// whole or not at all.
    fn replace(
        &self,
        turn: &mut Turn,
        loaded: Result<Fresh<T>, LoadError>,
    ) -> Result<Reloaded, ReloadError> {
        let fresh = loaded.map_err(ReloadError::Load)?;
        let mut next = turn.mix(fresh, &*self.0.pipeline)?;
        let Some(settings) = next.settings.take() else {
            return Ok(turn.record(next));
        };
        let subscribers = kit_sync::lock(&self.0.subscribers).clone();
        let (old, new) = (self.0.current.load(), Arc::new(settings));
        let prepared = Prepared::by(&subscribers, &old, &new)?;
        self.0.current.publish(new);
        let reloaded = turn.record(next);
        prepared.commit();
        Ok(reloaded)
    }
}

/// When a failure is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    AtOnce,
    /// Not if something is wrong with what was read: it may be half-written, and is read again.
    UnlessLoading,
}

impl Report {
    /// Logs a failure whole, with its lines.
    fn log(self, error: &ReloadError) {
        match (self, error) {
            (Report::UnlessLoading, ReloadError::Load(_)) => {}
            (_, ReloadError::Load(mistakes) | ReloadError::Mixture(mistakes)) => {
                tracing::warn!("{error}: {mistakes}");
            }
            (_, ReloadError::Refused { .. } | ReloadError::NotLoaded(_)) => {
                tracing::warn!("{}", kit_sync::error_chain(error));
            }
        }
    }
}

impl<T> Clone for Reloader<T> {
    fn clone(&self) -> Reloader<T> {
        Reloader(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Reloader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reloads = self.0.reloads.borrow();
        f.debug_struct("Reloader")
            .field("ended", &reloads.ended)
            .field("changed", &reloads.changed)
            .field("failed", &reloads.failed)
            .finish_non_exhaustive()
    }
}
