//! Loads settings anew and replaces them, one time after the other.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use kit_sync::Scope;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::current::Current;
use super::fresh::{Fresh, Loader, Watched};
use super::outcome::{ReloadError, Reloaded, Reloads};
use super::referred::Referred;
use super::subscriber::{Prepared, Subscriber};
use super::turn::Turn;
use crate::LoadError;

/// Loads settings anew and replaces them, one time after the other.
pub(super) struct Engine<T> {
    loader: Arc<dyn Loader<T>>,
    current: Current<T>,
    /// The files that may be absent, and were at the start.
    absent_at_start: Vec<PathBuf>,
    subscribers: Mutex<Vec<Arc<Subscriber<T>>>>,
    /// Written only under the turn: a load that goes on after its reload was dropped writes nothing.
    referred: Mutex<Referred>,
    /// How many reloads were asked for.
    requests: AtomicU64,
    /// Held by the reload that runs.
    turn: tokio::sync::Mutex<Turn>,
    reloads: watch::Sender<Reloads>,
}

impl<T: Send + Sync + 'static> Engine<T> {
    /// Begins with settings that were loaded.
    pub(super) fn new(loader: impl Loader<T>, loaded: Fresh<T>) -> Engine<T> {
        let mut referred = Referred::default();
        referred.set_right(loaded.referred);
        Engine {
            referred: Mutex::new(referred),
            loader: Arc::new(loader),
            current: Current::new(loaded.settings),
            absent_at_start: loaded.absent_files,
            subscribers: Mutex::default(),
            requests: AtomicU64::new(0),
            turn: tokio::sync::Mutex::new(Turn::new(
                loaded.tree,
                loaded.warnings,
                loaded.read_files,
            )),
            reloads: watch::Sender::new(Reloads::default()),
        }
    }

    pub(super) fn current(&self) -> Current<T> {
        self.current.clone()
    }

    /// The files that may be absent, and were at the start.
    pub(super) fn absent_at_start(&self) -> &[PathBuf] {
        &self.absent_at_start
    }

    pub(super) fn add_subscriber(&self, subscriber: Subscriber<T>) {
        kit_sync::lock(&self.subscribers).push(Arc::new(subscriber));
    }

    pub(super) fn reloads(&self) -> watch::Receiver<Reloads> {
        self.reloads.subscribe()
    }

    /// Where the settings are read from now.
    pub(super) fn paths(&self) -> Vec<Watched> {
        let referred = kit_sync::lock(&self.referred);
        let referred = referred.files().cloned().map(Watched::File);
        self.loader.paths().into_iter().chain(referred).collect()
    }

    /// How many reloads were asked for.
    #[cfg(test)]
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Acquire)
    }

    /// Reloads, with the files read on the task that calls.
    pub(super) async fn reload(&self) -> Result<Reloaded, ReloadError> {
        let load = async { Ok(self.loader.load().await) };
        self.run(Report::AtOnce, load).await
    }

    /// Reloads, with the files read on a thread for what blocks, in `scope`.
    pub(super) async fn reload_in(
        &self,
        scope: &Scope,
        report: Report,
    ) -> Result<Reloaded, ReloadError> {
        let load = async {
            let loader = Arc::clone(&self.loader);
            let loading = scope.spawn_blocking("load the settings", move |_| {
                Ok(Handle::current().block_on(loader.load()))
            });
            let loaded = loading.await;
            loaded.map_err(|error| ReloadError::NotLoaded(Arc::new(error)))
        };
        self.run(report, load).await
    }

    /// Waits for the turn, and reloads unless one that began after this request has done so.
    async fn run(
        &self,
        report: Report,
        load: impl Future<Output = Result<Result<Fresh<T>, LoadError>, ReloadError>>,
    ) -> Result<Reloaded, ReloadError> {
        // AcqRel, and Acquire below: what the requests that are covered have written to files before is
        // there when the files are read.
        let request = self.requests.fetch_add(1, Ordering::AcqRel) + 1;
        let mut turn = self.turn.lock().await;
        if let Some(answer) = turn.answer_to(request) {
            return answer;
        }
        let last = self.requests.load(Ordering::Acquire);
        let loaded = load.await;
        let replaced = loaded.and_then(|loaded| self.replace(&mut turn, loaded));
        let (answer, after) = match replaced {
            Ok((reloaded, after)) => (Ok(reloaded), Some(after)),
            Err(error) => (Err(error), None),
        };
        if report == Report::UnlessLoading && matches!(answer, Err(ReloadError::Load(_))) {
            // It is asked for again soon, and counts then.
            return answer;
        }
        turn.set_answer(last, answer.clone());
        self.reloads
            .send_modify(|reloads| reloads.record(answer.clone()));
        // At the very end, as a log can block or panic; and under the turn, so that the lines of two reloads
        // keep their order.
        if let Err(error) = &answer {
            report.log(error);
        }
        if let Some(AfterReplacement { panicked, logged }) = after {
            panicked.iter().for_each(|line| tracing::warn!("{line}"));
            if let Err(panic) = logged {
                resume_unwind(panic);
            }
        }
        answer
    }

    /// Takes over the files that a load has found references to, whatever has come of it.
    fn refer(&self, loaded: &Result<Fresh<T>, LoadError>) {
        let mut referred = kit_sync::lock(&self.referred);
        match loaded {
            Ok(fresh) => referred.set_right(fresh.referred.clone()),
            Err(error) => {
                let files = error.referred_files().map(Path::to_owned);
                referred.set_failed(files.collect());
            }
        }
    }

    /// Replaces the settings by those that were loaded, if all agree. Without an await, so that it happens whole or
    /// not at all.
    ///
    /// The lines about it are logged once all agree and before it takes effect, as one of the subscribers may make
    /// the log quieter. A log that panics keeps nothing from being replaced: the panic goes on at the end.
    fn replace(
        &self,
        turn: &mut Turn,
        loaded: Result<Fresh<T>, LoadError>,
    ) -> Result<(Reloaded, AfterReplacement), ReloadError> {
        self.refer(&loaded);
        let fresh = loaded.map_err(ReloadError::Load)?;
        let mut next = turn.mix(fresh, &*self.loader)?;
        let lines = turn.lines(&next);
        // The lines are only read.
        let log = || catch_unwind(AssertUnwindSafe(|| lines.log()));
        let Some(settings) = next.settings.take() else {
            let after = AfterReplacement {
                panicked: Vec::new(),
                logged: log(),
            };
            return Ok((turn.record(next), after));
        };
        let subscribers = kit_sync::lock(&self.subscribers).clone();
        let (old, new) = (self.current.load(), Arc::new(settings));
        let prepared = Prepared::by(&subscribers, &old, &new)?;
        let logged = log();
        self.current.publish(new);
        let reloaded = turn.record(next);
        let panicked = prepared.commit();
        Ok((reloaded, AfterReplacement { panicked, logged }))
    }
}

/// The steps that are left once settings were replaced.
struct AfterReplacement {
    /// Lines about subscribers that have panicked.
    panicked: Vec<String>,
    /// A panic of the log.
    logged: thread::Result<()>,
}

/// When a failure is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    AtOnce,
    /// By the app, whose line about its hook has the failure whole.
    ByApp,
    /// Not if a file is wrong: it may be half-written, and is read again.
    UnlessLoading,
}

impl Report {
    /// Logs a failure whole, with its lines.
    fn log(self, error: &ReloadError) {
        match (self, error) {
            (Report::ByApp, _) | (Report::UnlessLoading, ReloadError::Load(_)) => {}
            (_, ReloadError::Load(mistakes) | ReloadError::Mixture(mistakes)) => {
                tracing::warn!("{error}: {mistakes}");
            }
            (_, ReloadError::Refused { .. } | ReloadError::NotLoaded(_)) => {
                tracing::warn!("{}", kit_sync::error_chain(error));
            }
        }
    }
}

impl<T> fmt::Debug for Engine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reloads = self.reloads.borrow();
        f.debug_struct("Engine")
            .field("ended", &reloads.ended)
            .field("changed", &reloads.changed)
            .field("failed", &reloads.failed)
            .finish_non_exhaustive()
    }
}
