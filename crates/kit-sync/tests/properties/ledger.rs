//! The notes that tasks take of themselves, to be compared with the reports of them.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use kit_sync::{BoxError, Cause, CloseReport, Ending, Outcome, Scope, Task, TaskError};
use tokio::sync::watch;
use tokio::task::yield_now;

use crate::program::{Body, Last, Wait};

pub(crate) type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

#[derive(Clone)]
pub(crate) struct Ledger {
    entries: Arc<Mutex<BTreeMap<String, Entry>>>,
    /// Closed when the tasks that were left behind may end.
    released: watch::Receiver<()>,
}

#[derive(Debug)]
struct Entry {
    /// Of a named task.
    ending: Option<Ending>,
    /// Spawned by one that may be left behind, and so perhaps just now, to be refused.
    late: bool,
    polled: bool,
    failed: bool,
    /// Whether its scope was cancelled by then.
    dropped: Option<bool>,
}

impl Entry {
    fn may_be_left(&self) -> bool {
        matches!(self.ending, Some(Ending::MayBeLeftBehind { .. }))
    }
}

impl Ledger {
    pub(crate) fn new(released: watch::Receiver<()>) -> Ledger {
        Ledger {
            entries: Arc::default(),
            released,
        }
    }

    pub(crate) fn task(
        &self,
        scope: &Scope,
        ending: &Ending,
        body: Body,
    ) -> (String, Running<Result<(), BoxError>>) {
        self.enter(scope, Some(ending.clone()), body, false)
    }

    pub(crate) fn member(&self, scope: &Scope, body: Body) -> (String, Running<()>) {
        let (name, future) = self.enter(scope, None, body, false);
        let ledger = self.clone();
        let member = name.clone();
        let future = async move {
            // An error of a member is its own affair.
            if future.await.is_err() {
                ledger
                    .lock()
                    .get_mut(&member)
                    .expect("it was entered")
                    .failed = false;
            }
        };
        (name, Box::pin(future))
    }

    fn enter(
        &self,
        scope: &Scope,
        ending: Option<Ending>,
        body: Body,
        late: bool,
    ) -> (String, Running<Result<(), BoxError>>) {
        let mut entries = self.lock();
        let name = format!("t{}", entries.len());
        let entry = Entry {
            ending,
            late,
            polled: false,
            failed: false,
            dropped: None,
        };
        entries.insert(name.clone(), entry);
        let noted = Noted {
            name: name.clone(),
            scope: scope.clone(),
            ledger: self.clone(),
        };
        (name, Box::pin(noted.run(body)))
    }

    pub(crate) fn assert_refused(&self, name: &str) {
        let mut entries = self.lock();
        let entry = entries.remove(name).expect("it was entered");
        assert!(!entry.polled, "{name} was refused and polled");
        assert!(entry.dropped.is_some(), "{name} was refused and kept");
        // Its name is taken all the same.
        entries.insert(
            format!("{name} (refused)"),
            Entry {
                ending: None,
                failed: false,
                ..entry
            },
        );
    }

    pub(crate) fn assert_nothing_droppable_is_alive(&self) {
        for (name, entry) in self.lock().iter() {
            let droppable = entry.ending == Some(Ending::MayBeDropped);
            assert!(entry.dropped.is_some() || !droppable, "{name} is alive");
        }
    }

    pub(crate) fn assert_nothing_waited_for_is_alive(&self) {
        for (name, entry) in self.lock().iter() {
            assert!(
                entry.dropped.is_some() || entry.may_be_left() || entry.late && !entry.polled,
                "{name} is alive"
            );
        }
    }

    /// Gives the handle back unless it has given the task's end already.
    pub(crate) fn look_at(&self, name: &str, mut task: Task<()>) -> Option<Task<()>> {
        let mut context = Context::from_waker(Waker::noop());
        match Pin::new(&mut task).poll(&mut context) {
            Poll::Pending => return Some(task),
            Poll::Ready(Err(TaskError::Refused)) => self.assert_refused(name),
            Poll::Ready(result) => self.assert_result(name, &result),
        }
        None
    }

    pub(crate) fn assert_result(&self, name: &str, result: &Result<(), TaskError>) {
        let entries = self.lock();
        let failed = matches!(
            result,
            Err(TaskError::Failed(_) | TaskError::Panicked { .. })
        );
        assert_eq!(entries[name].failed, failed, "{name}: {result:?}");
    }

    pub(crate) fn assert_accounted(&self, reports: &[CloseReport], exact: bool) {
        let entries = self.lock();
        let mut outcomes: BTreeMap<String, Vec<Outcome>> = BTreeMap::new();
        for report in reports {
            let mut named = Vec::new();
            for task in &report.tasks {
                let name = name_of(&task.path());
                assert!(!named.contains(&name), "{name} is in one report twice");
                named.push(name.clone());
                outcomes
                    .entry(name)
                    .or_default()
                    .push(task.outcome().clone());
            }
        }
        let none = Vec::new();
        for (name, entry) in entries.iter() {
            assert!(entry.dropped.is_some(), "{name} was never dropped");
            let outcomes = outcomes.get(name).unwrap_or(&none);
            // A report that came too early for its outcome says so.
            let open = |outcome: &&Outcome| {
                matches!(outcome, Outcome::LeftBehind { .. } | Outcome::Stuck { .. })
            };
            let settled: Vec<_> = outcomes.iter().filter(|outcome| !open(outcome)).collect();
            let is_due = entry.ending.is_some() && entry.dropped == Some(true);
            if is_due || exact {
                assert_eq!(settled.len(), usize::from(is_due), "{name}: {outcomes:?}");
            }
            assert!(settled.len() <= 1, "{name}: {outcomes:?}");
            for outcome in settled {
                assert_eq!(outcome.is_failure(), entry.failed, "{name}: {outcome}");
            }
        }
        let failed = entries.values().filter(|entry| entry.failed).count();
        let reported = reports.iter().map(|report| {
            let tasks = report.tasks.iter();
            let among_tasks = tasks.filter(|task| task.outcome().is_failure()).count();
            among_tasks + report.failures.len() + report.more_failures
        });
        assert_eq!(reported.sum::<usize>(), failed, "{reports:#?}");
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        kit_sync::lock(&self.entries)
    }
}

fn name_of(path: &str) -> String {
    path.rsplit('/')
        .next()
        .expect("a path has names")
        .to_owned()
}

/// Lives in the task's future and notes what becomes of it.
struct Noted {
    name: String,
    scope: Scope,
    ledger: Ledger,
}

impl Noted {
    async fn run(self, body: Body) -> Result<(), BoxError> {
        self.note(|entry| entry.polled = true);
        for _ in 0..body.yields {
            yield_now().await;
        }
        match body.waits {
            Wait::Nothing => {}
            Wait::Stop => self.scope.cancelled().await,
            Wait::ForEver => {
                let _ = self.ledger.released.clone().changed().await;
            }
        }
        match body.last {
            Last::Completes => {}
            Last::Fails => {
                self.note(|entry| entry.failed = true);
                return Err("the program says so".into());
            }
            Last::Panics => {
                self.note(|entry| entry.failed = true);
                // Without the hook, which would print it.
                std::panic::resume_unwind(Box::new("the program says so"));
            }
            Last::Spawns(ending) => {
                let body = Body {
                    yields: 1,
                    waits: Wait::Stop,
                    last: Last::Completes,
                };
                let late = self.ledger.lock()[&self.name].may_be_left();
                let of = Some(ending.clone());
                let (name, future) = self.ledger.enter(&self.scope, of, body, late);
                let spawned = self.scope.spawn_as(name.clone(), ending, future);
                self.ledger.look_at(&name, spawned);
            }
            Last::Cancels => {
                self.scope
                    .cancel(Cause::Requested("its own task".to_owned()));
            }
        }
        Ok(())
    }

    fn note(&self, change: impl FnOnce(&mut Entry)) {
        // Gone when a test has failed already, whose message a second panic would hide.
        if let Some(entry) = self.ledger.lock().get_mut(&self.name) {
            change(entry);
        }
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        let cancelled = self.scope.is_cancelled();
        self.note(|entry| entry.dropped = Some(cancelled));
    }
}
