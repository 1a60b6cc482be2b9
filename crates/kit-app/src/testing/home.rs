//! The thread and the runtime in which the app of a test lives.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kit_sync::panic::message;
use kit_sync::testing::assert_runtime_has_no_tasks;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::left;
use crate::{App, Report, RunError};

/// Until what has ended is gone: a runtime lets go of a task a moment after its end.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a `Drop` waits for the end: a moment longer than the search for the rest takes.
const DROP: Duration = Duration::from_secs(3);

/// The app of a test, in a runtime made for it, so that each task and each thread in it is one
/// of the app's.
#[derive(Debug)]
pub(super) struct Home {
    ended: oneshot::Receiver<Result<Ended, String>>,
    /// Disconnected once `ended` has its value: for a `Drop`, which cannot await.
    gone: mpsc::Receiver<()>,
}

/// The end of a run.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) result: Result<Report, RunError>,
    /// What of it was still there then, each in a line.
    pub(super) left: Vec<String>,
}

impl Home {
    /// Runs the app on a thread that ends with it: at the latest when its stop has used up its time.
    pub(super) fn run(app: App) -> Home {
        static HOMES: AtomicUsize = AtomicUsize::new(0);
        let (end, ended) = oneshot::channel();
        let (going, gone) = mpsc::channel::<()>();
        // Threads without a name inherit this one, which is cut after 15 bytes.
        let name = format!("kit-test-{}", HOMES.fetch_add(1, Ordering::Relaxed));
        let inside = name.clone();
        let spawned = thread::Builder::new().name(name).spawn(move || {
            let caught = catch_unwind(AssertUnwindSafe(|| run(app, &inside)));
            let ended = caught.map_err(|payload| message(&*payload).to_owned());
            // The test has failed, as it has dropped the app: it still shows why the app did.
            if let Err(unseen) = end.send(ended) {
                let text = failures(&unseen) + &beside_failures(&unseen);
                if !text.is_empty() {
                    eprintln!("the app that the test has dropped has ended{text}");
                }
            }
            drop(going);
        });
        spawned.expect("the system gives the app of a test a thread");
        Home { ended, gone }
    }

    /// Waits for at most 3 s until the app has ended and its runtime is gone, for a `Drop`: the thread is
    /// blocked, and the home has another one. Gives what has gone wrong beside failures, which are
    /// events; an app that ends later prints both.
    pub(super) fn end_soon(mut self) -> String {
        let _ = self.gone.recv_timeout(DROP);
        // From here on the home cannot send, so that the end is seen here or printed there.
        self.ended.close();
        match self.ended.try_recv() {
            Ok(ended) => beside_failures(&ended),
            Err(_) => format!("\n- it still stops after {DROP:?}: what fails later is printed"),
        }
    }

    /// Resolves when the app has ended and its runtime is gone.
    ///
    /// # Panics
    /// With the panic of the run, when that has one.
    pub(super) async fn ended(&mut self) -> Ended {
        let ended = (&mut self.ended).await.expect("the home sends the end");
        ended.unwrap_or_else(|message| panic!("the run of the app panicked: {message}"))
    }
}

/// The failures of a run, a line each. A thread that a test has started prints where the test does.
fn failures(ended: &Result<Ended, String>) -> String {
    let ended = ended.as_ref().ok();
    let error = ended.and_then(|ended| ended.result.as_ref().err());
    let failures = error.into_iter().flat_map(|error| &error.report().failures);
    let lines = failures.map(|failure| format!("\n- the app has failed: {failure}"));
    lines.collect()
}

/// The faults beside the failures of the run, which are events, a line each.
fn beside_failures(ended: &Result<Ended, String>) -> String {
    match ended {
        Ok(ended) => {
            let left = ended.left.iter();
            left.map(|left| format!("\n- left behind: {left}"))
                .collect()
        }
        Err(message) => format!("\n- the run of the app panicked: {message}"),
    }
}

/// The app has as many threads as a small machine, so that what can be in parallel is.
fn run(app: App, name: &str) -> Ended {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name(name)
        .enable_all()
        .build()
        .expect("the system gives the app of a test a runtime");
    let handle = app.handle();
    let result = runtime.block_on(app.run());
    let mut left = Vec::new();
    if let Some(tasks) = handle.tasks().filter(|tasks| !tasks.is_empty()) {
        left.push(format!("tasks of the app: {tasks}"));
    }
    let no_tasks = || runtime.block_on(assert_runtime_has_no_tasks(PATIENCE));
    if let Err(payload) = catch_unwind(AssertUnwindSafe(no_tasks)) {
        left.push(message(&*payload).to_owned());
    }
    runtime.shutdown_timeout(PATIENCE);
    left.extend(left::listeners(&handle));
    left.extend(left::threads(name, PATIENCE));
    Ended { result, left }
}
