//! The runtime that `App::main` makes.

use std::env;
use std::io;
use std::ops::RangeInclusive;
use std::sync::Mutex;
use std::thread;

use kit_units::WrongOption;
use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// Tokio's variable for the number of workers.
const WORKERS_VARIABLE: &str = "TOKIO_WORKER_THREADS";

/// More worker threads than any machine has use for.
const WORKERS: RangeInclusive<usize> = 1..=1024;
const BLOCKING: RangeInclusive<usize> = 1..=65_536;

/// The runtime of [`App::main`](crate::App::main): plain data, which a configuration can hold (feature
/// `serde`).
///
/// ```no_run
/// use std::process::ExitCode;
///
/// use kit_app::{App, RuntimeOptions};
///
/// fn main() -> ExitCode {
///     let runtime = RuntimeOptions {
///         worker_threads: Some(2),
///         thread_name: Some("orders".to_owned()),
///         ..RuntimeOptions::default()
///     };
///     App::builder("orders").runtime(runtime).build().main()
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuntimeOptions {
    /// Whether the main thread alone runs the tasks. Default: `false`. One task that blocks blocks
    /// all of them then; signals, the watchdog and the exit work all the same.
    pub current_thread: bool,
    /// How many threads run the tasks, 1 to 1024. Default: one for each core that the process may
    /// use, or the variable `TOKIO_WORKER_THREADS`, of the same range. With `current_thread` there are none to be counted.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 1024)))]
    pub worker_threads: Option<usize>,
    /// How many threads blocking calls may have at the same time beside these, 1 to 65536. Default:
    /// 512. A blocking call that finds none free waits.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 65536)))]
    pub blocking_threads: Option<usize>,
    /// The name of all these threads, as debuggers and `top -H` show it; Linux shows its first 15
    /// bytes. Default: that of tokio, `tokio-rt-worker`.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    pub thread_name: Option<String>,
}

impl RuntimeOptions {
    /// Everything that is wrong: what tokio would panic about (a count of none, a name with NUL) and what it would
    /// drop without a word (workers beside `current_thread`). An app with any of it does not start.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let RuntimeOptions {
            current_thread,
            worker_threads,
            blocking_threads,
            thread_name,
        } = self;
        let beside = worker_threads.filter(|_| *current_thread).map(|count| {
            let value = format!("{count} beside `current_thread`");
            WrongOption::new(
                "worker_threads",
                value,
                "left out, or without `current_thread`",
            )
        });
        let outside = |key, count: Option<usize>, range: RangeInclusive<usize>| {
            let wrong = count.filter(|count| !range.contains(count))?;
            let expected = format!("from {} to {}", range.start(), range.end());
            Some(WrongOption::new(key, wrong, expected))
        };
        let name = thread_name.as_ref();
        let name = name.filter(|name| name.is_empty() || name.contains('\0'));
        let all = [
            beside,
            outside("worker_threads", *worker_threads, WORKERS),
            outside("blocking_threads", *blocking_threads, BLOCKING),
            name.map(|name| {
                WrongOption::new("thread_name", format!("{name:?}"), "a text without NUL")
            }),
        ];
        all.into_iter().flatten().collect()
    }

    /// # Errors
    /// Every value that is wrong, or a system that has no thread to give.
    pub(crate) fn build(&self) -> Result<Runtime, Vec<Error>> {
        let wrong: Vec<_> = Error::of_options("RuntimeOptions", self.check()).collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut builder = if self.current_thread {
            Builder::new_current_thread()
        } else {
            let count = self.workers().map_err(|error| vec![error])?;
            try_threads(count).map_err(|error| vec![Error::Runtime(error)])?;
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(count);
            builder
        };
        if let Some(count) = self.blocking_threads {
            builder.max_blocking_threads(count);
        }
        if let Some(name) = &self.thread_name {
            builder.thread_name(name);
        }
        let built = builder.enable_all().build();
        built.map_err(|error| vec![Error::Runtime(error)])
    }

    /// # Errors
    /// A variable that is no such number; tokio would panic about it.
    fn workers(&self) -> Result<usize, Error> {
        if let Some(count) = self.worker_threads {
            return Ok(count);
        }
        let Some(value) = env::var_os(WORKERS_VARIABLE) else {
            return Ok(thread::available_parallelism().map_or(1, usize::from));
        };
        workers_of(&value.to_string_lossy())
    }
}

fn workers_of(value: &str) -> Result<usize, Error> {
    let count = value.parse().ok().filter(|count| WORKERS.contains(count));
    count.ok_or_else(|| {
        let expected = format!("from {} to {}", WORKERS.start(), WORKERS.end());
        Error::option(WORKERS_VARIABLE, format_args!("{value:?}"), expected)
    })
}

/// Whether the system gives the threads that the workers will need: tokio panics about one that it does not get,
/// and then waits without end for those that it got. They are all there at the same time, and gone when this returns.
///
/// # Errors
/// What the system says, and at which thread.
fn try_threads(count: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    thread::scope(|scope| {
        let _closed = gate.lock();
        let wait = || drop(gate.lock());
        (1..=count).try_for_each(|number| {
            let started = thread::Builder::new().spawn_scoped(scope, wait);
            started.map(drop).map_err(|error| {
                let attempt = format!("no thread for worker {number} of {count}: {error}");
                io::Error::new(error.kind(), attempt)
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(options: &RuntimeOptions) -> Vec<String> {
        let wrong = options.build().map(drop).unwrap_err();
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_values_that_are_wrong_are_found_at_once() {
        let options = RuntimeOptions {
            current_thread: false,
            worker_threads: Some(0),
            blocking_threads: Some(0),
            thread_name: Some(String::new()),
        };
        let lines = lines(&options);
        let of = |option: &str| format!("option `RuntimeOptions::{option}` is ");
        let options = ["worker_threads", "blocking_threads", "thread_name"];
        assert_eq!(lines.len(), options.len(), "{lines:#?}");
        for (line, option) in lines.iter().zip(options) {
            assert!(line.starts_with(&of(option)), "{line}");
        }
    }

    #[test]
    fn a_number_of_workers_in_the_environment_is_checked() {
        assert!(matches!(workers_of("3"), Ok(3)));
        for value in ["", "0", "1025", "-1", "two", " 2"] {
            let error = workers_of(value).unwrap_err().to_string();
            let line = "option `TOKIO_WORKER_THREADS` is ";
            let says = format!("{line}{value:?}: it has to be from 1 to 1024");
            assert_eq!(error, says);
        }
    }

    #[test]
    fn a_value_that_is_wrong_is_named_with_what_would_be_right() {
        let default = RuntimeOptions::default;
        let name = |name: &str| RuntimeOptions {
            thread_name: Some(name.to_owned()),
            ..default()
        };
        let workers = |count| RuntimeOptions {
            worker_threads: Some(count),
            ..default()
        };
        let blocking = |count| RuntimeOptions {
            blocking_threads: Some(count),
            ..default()
        };
        let both = RuntimeOptions {
            current_thread: true,
            ..workers(2)
        };
        for (options, says) in [
            (
                workers(0),
                "worker_threads` is 0: it has to be from 1 to 1024",
            ),
            (
                workers(1025),
                "worker_threads` is 1025: it has to be from 1 to 1024",
            ),
            (
                both,
                "worker_threads` is 2 beside `current_thread`: it has to be left out, or without \
                 `current_thread`",
            ),
            (
                blocking(0),
                "blocking_threads` is 0: it has to be from 1 to 65536",
            ),
            (
                name(""),
                "thread_name` is \"\": it has to be a text without NUL",
            ),
            (
                name("a\0b"),
                "thread_name` is \"a\\0b\": it has to be a text without NUL",
            ),
        ] {
            assert_eq!(lines(&options), [format!("option `RuntimeOptions::{says}")]);
        }
        for right in [default(), workers(1), blocking(1), name("orders")] {
            assert!(right.build().is_ok(), "{right:?}");
        }
    }
}
