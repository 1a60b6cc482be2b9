//! A thousand starts and stops in one process: memory, descriptors and threads do not grow.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit_app::{App, AppBuilder, AppHandle, Environment, LastStep, Report, RunError};
use kit_test_support::{Etcd, ask};
use kit_transport::{grpc, http};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

use crate::program::Program;

const CYCLES: usize = 1_000;

/// By then, what is made once has been made, and the heap has found its size.
const WARM: usize = 200;

/// How much more memory the last cycle may leave than the warm one. A leak of one allocation in each cycle, of 400
/// bytes or more, is above it.
const GROWTH: usize = 320;

const REGISTRY: &str = "KIT_TEST_REGISTRY";

/// One cycle in this many is registered in etcd; the others in memory.
const IN_ETCD: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_of_them_leave_no_memory_no_descriptor_and_no_thread() {
    let etcd = Etcd::start().await;
    let mut program = Program::start_with(&[], "cycles", |command| {
        // One heap, so that its size does not depend on which thread has allocated when.
        command
            .env("MALLOC_ARENA_MAX", "1")
            .env(REGISTRY, etcd.url(""));
    });
    let mut counts: Vec<Count> = Vec::new();
    for _ in 0..CYCLES / 100 {
        let line = program.wait_for("count: ");
        counts.push(Count::parse(&line));
    }
    assert_eq!(program.code(), 0, "{}", program.said());
    println!("{counts:#?}");
    let (warm, last) = (counts[WARM / 100 - 1], counts[CYCLES / 100 - 1]);
    assert_eq!(warm.descriptors, last.descriptors, "{counts:#?}");
    assert_eq!(warm.threads, last.threads, "{counts:#?}");
    let grown = last.kib.saturating_sub(warm.kib);
    assert!(grown <= GROWTH, "{grown} KiB more: {counts:#?}");
}

/// What the process holds between two cycles.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Count {
    kib: usize,
    descriptors: usize,
    threads: usize,
}

impl Count {
    fn parse(line: &str) -> Count {
        let numbers: Vec<usize> = line.split(' ').map(|word| word.parse().unwrap()).collect();
        let [kib, descriptors, threads] = numbers[..] else {
            panic!("three numbers: {line}");
        };
        Count {
            kib,
            descriptors,
            threads,
        }
    }

    fn now() -> Count {
        Count {
            kib: number_in("/proc/self/smaps_rollup", "Anonymous:"),
            // One of them is that of the directory.
            descriptors: fs::read_dir("/proc/self/fd").unwrap().count() - 1,
            threads: number_in("/proc/self/status", "Threads:"),
        }
    }
}

fn number_in(file: &str, field: &str) -> usize {
    let text = fs::read_to_string(file).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.unwrap().parse().unwrap()
}

/// The program of the test above.
pub(crate) fn cycles() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut last: Option<Count> = None;
    for number in 1..=CYCLES {
        runtime.block_on(cycle(number));
        if number % 100 == 0 {
            let now = last.map_or_else(Count::now, |last| settled(&runtime, last));
            println!("count: {} {} {}", now.kib, now.descriptors, now.threads);
            last = Some(now);
        }
    }
}

/// Waits until descriptors and threads are as few as at the last count: an ended thread may have to be collected yet.
/// Gives a higher count after a while.
fn settled(runtime: &Runtime, last: Count) -> Count {
    let begun = Instant::now();
    loop {
        let now = Count::now();
        let is_as_before = now.descriptors <= last.descriptors && now.threads <= last.threads;
        if is_as_before || begun.elapsed() > Duration::from_secs(2) {
            return now;
        }
        runtime.block_on(async { sleep(Duration::from_millis(5)).await });
    }
}

/// How a cycle comes to its end.
enum End {
    Asked,
    Signalled,
    /// Before it was ready.
    CalledOff,
    /// A component cannot start.
    Failed,
}

async fn cycle(number: usize) {
    let end = match number % 8 {
        0..3 => End::Asked,
        3..6 => End::Signalled,
        6 => End::CalledOff,
        _ => End::Failed,
    };
    let app = whole(number).apply(|app| interrupted(app, &end)).build();
    let handle = app.handle();
    let (ended, ()) = tokio::join!(app.run(), async {
        if handle.started().await.is_err() {
            return;
        }
        use_it(&handle).await;
        match end {
            End::Asked => {
                handle.stop("enough");
            }
            _ => signal_hook::low_level::raise(15).unwrap(),
        }
    });
    match end {
        End::Failed => assert_eq!(ended.unwrap_err().exit_code(), 1),
        End::CalledOff => assert!(!report(ended).was_ready),
        End::Asked | End::Signalled => assert!(report(ended).was_ready),
    }
}

fn report(ended: Result<Report, RunError>) -> Report {
    let report = ended.unwrap();
    assert_eq!(report.exit_code, 0);
    report
}

/// An app with one of everything.
fn whole(number: usize) -> AppBuilder {
    let any = || SocketAddr::from(([127, 0, 0, 1], 0));
    let routes = Router::new().route("/hello", get(|| async { "hello" }));
    let registry = match number % IN_ETCD {
        0 => std::env::var(REGISTRY).unwrap(),
        _ => "memory:".to_owned(),
    };
    App::builder("app")
        .environment(Environment::from_lookup(|_| None))
        .apply(administered)
        .drain_delay(Duration::ZERO)
        .registry(registry)
        .resource("db", |_| async { Ok(7_u8) }, |_: u8| async { Ok(()) })
        .check("db", |_| async { Ok(()) })
        .server(http::Server::new(any(), routes))
        .server(grpc::Server::new(any()))
        .worker("outbox", |ctx| async move {
            ctx.scope().cancelled().await;
            Ok(())
        })
        .every("sweep", Duration::from_millis(1), |_| async { Ok(()) })
        .job("warm", |_| async { Ok(()) })
        .after_start("task", |hook| async move {
            let token = hook.scope().token().clone();
            hook.scope().spawn("waits", async move {
                token.cancelled().await;
                Ok(())
            });
            Ok(())
        })
        .before_stop("part", |_| async { Ok(()) })
        .on_reload("again", |_| async { Ok(()) })
        .last_step(LastStep::new("flush", Duration::from_secs(1), |_| {
            Vec::new()
        }))
        .observer(|_| ())
}

#[cfg(feature = "admin")]
fn administered(app: AppBuilder) -> AppBuilder {
    app.admin("127.0.0.1:0")
}

#[cfg(not(feature = "admin"))]
fn administered(app: AppBuilder) -> AppBuilder {
    app
}

fn interrupted(app: AppBuilder, end: &End) -> AppBuilder {
    match end {
        End::Asked | End::Signalled => app,
        End::CalledOff => app.after_start("stop", |hook| async move {
            hook.handle().stop("called off");
            Ok(())
        }),
        End::Failed => app.server(http::Server::new("127.0.0.1:1", Router::new())),
    }
}

/// One request over HTTP, and a reload.
async fn use_it(handle: &AppHandle) {
    handle.reload("shown");
    let components = handle.components();
    let http = components.iter().find(|one| one.name == "http").unwrap();
    let address = http.listening[0].address().to_string();
    let answer = ask(&address, "GET /hello", "").await;
    assert!(answer.ends_with("hello"), "{answer}");
}
