//! The runtime that `App::main` makes, and the watchdog of an app that is run in another one.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use kit_app::{
    App, AppBuilder, Event, HookContext, RunWatchdog, RuntimeOptions, Signals, WatchdogEvent,
    WatchdogOptions,
};
use kit_sync::TreeSnapshot;
use kit_test_support::Lines;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What an app finds of its runtime: the flavor, the number of workers, the name of a task's thread.
type Found = (RuntimeFlavor, usize, Option<String>);

/// An app that looks at its runtime and stops.
fn looks() -> (AppBuilder, Arc<Mutex<Option<Found>>>) {
    let found: Arc<Mutex<Option<Found>>> = Arc::default();
    let seen = Arc::clone(&found);
    let look = async move |hook: HookContext| {
        let handle = Handle::current();
        let name = thread::current().name().map(str::to_owned);
        let flavor = (
            handle.runtime_flavor(),
            handle.metrics().num_workers(),
            name,
        );
        *seen.lock().unwrap() = Some(flavor);
        hook.handle().stop("seen");
        Ok(())
    };
    let app = App::builder("app")
        .signals(Signals::none())
        .after_start("look", look);
    (app, found)
}

/// Runs a main, and gives its exit code and the errors in its log.
fn main_of(main: impl FnOnce() -> ExitCode) -> (String, Vec<String>) {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    let code = tracing::subscriber::with_default(log, main);
    (format!("{code:?}"), lines.with("ERROR"))
}

fn success() -> String {
    format!("{:?}", ExitCode::SUCCESS)
}

#[test]
fn main_makes_the_runtime_that_the_options_say() {
    let (app, found) = looks();
    let options = RuntimeOptions {
        worker_threads: Some(3),
        thread_name: Some("orders".to_owned()),
        ..RuntimeOptions::default()
    };
    let (code, errors) = main_of(|| app.runtime(options).build().main());
    assert_eq!((code, errors), (success(), vec![]));
    let workers = (RuntimeFlavor::MultiThread, 3, Some("orders".to_owned()));
    assert_eq!(*found.lock().unwrap(), Some(workers));

    let (app, found) = looks();
    let alone = RuntimeOptions {
        current_thread: true,
        ..RuntimeOptions::default()
    };
    let (code, errors) = main_of(|| App::main_with_runtime(&alone, async || Ok(app.build())));
    assert_eq!((code, errors), (success(), vec![]));
    let (flavor, workers, name) = found.lock().unwrap().take().unwrap();
    assert_eq!((flavor, workers), (RuntimeFlavor::CurrentThread, 1));
    assert_eq!(name.as_deref(), thread::current().name());
}

#[test]
fn options_that_are_wrong_or_too_late_are_refused_before_anything_runs() {
    let (app, found) = looks();
    let none = RuntimeOptions {
        worker_threads: Some(0),
        ..RuntimeOptions::default()
    };
    let (code, errors) = main_of(|| app.runtime(none).build().main());
    assert_ne!(code, success());
    let says = "option `RuntimeOptions::worker_threads` is 0: it has to be from 1 to 1024";
    assert!(errors.len() == 1 && errors[0].ends_with(says), "{errors:?}");
    assert_eq!(*found.lock().unwrap(), None);

    let (app, found) = looks();
    let late = app.runtime(RuntimeOptions::default());
    let (code, errors) = main_of(|| App::main_with(async || Ok(late.build())));
    assert_ne!(code, success());
    let says = "option `runtime` is set on an app that is built on its runtime: it has to be given to \
                `App::main_with_runtime`";
    assert!(errors.len() == 1 && errors[0].ends_with(says), "{errors:?}");
    assert_eq!(*found.lock().unwrap(), None);
}

/// An app that is run in a program which has made the runtime. Its hook blocks the only thread until
/// the watchdog has named it, and a thread of the program asks for a stop meanwhile.
#[test]
fn an_app_that_is_run_has_a_watchdog_when_it_asks_for_one_and_it_ends_no_process() {
    let (name, named) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    let (name, ended) = (Mutex::new((name, end)), Mutex::new(ended));
    let block = async move |hook: HookContext| {
        hook.scope().spawn("blocks", async move {
            let ended = ended.lock().unwrap();
            ended.recv_timeout(PATIENCE).expect("the watchdog reports");
        });
        Ok(())
    };
    let app = App::builder("app")
        .signals(Signals::none())
        .stop_timeout(Duration::from_millis(500))
        .watchdog(WatchdogOptions {
            overdue_after: Duration::from_millis(50),
            interval: Duration::from_millis(10),
            ..WatchdogOptions::default()
        })
        .run_watchdog(RunWatchdog::Reports)
        .observer(move |stamped| {
            if let Event::Watchdog(WatchdogEvent::Overdue { polls, .. }) = &stamped.event {
                let (name, end) = &*name.lock().unwrap();
                name.send(polls.first().map(|poll| poll.path.clone()))
                    .unwrap();
                end.send(()).unwrap();
            }
        })
        .after_start("block", block)
        .build();
    let handle = app.handle();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let ended = thread::scope(|threads| {
        threads.spawn(|| {
            let blocks = |tasks: TreeSnapshot| tasks.to_string().contains("IN A POLL");
            while !handle.tasks().is_some_and(blocks) {
                thread::yield_now();
            }
            handle.stop("enough");
        });
        runtime.block_on(app.run())
    });
    let report = ended.unwrap_or_else(|error| error.report().clone());
    assert!(
        report
            .failures
            .iter()
            .all(|failure| !failure.contains("panicked")),
        "{report}"
    );
    let suspect = "app/hooks/after_start/block/blocks";
    assert_eq!(named.try_recv().unwrap().as_deref(), Some(suspect));
    // Nothing of the watchdog is left in the runtime of the program.
    assert_eq!(runtime.metrics().num_alive_tasks(), 0);
}
