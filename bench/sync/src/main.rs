//! kit-sync and its peers doing the same work: `bench-sync SCENARIO SIDE` measures one of them and
//! prints one number. `cargo xtask bench sync` runs it again and again and compares.
//!
//! Every measurement is a separate process, so that no side finds memory, threads or branch
//! predictors as another one has left them.
#![expect(
    clippy::disallowed_methods,
    reason = "peers spawn as their users do, and real time is measured"
)]

mod bounded;
mod close;
mod group;
mod measure;
mod memory;
mod poll;
mod published;
mod scope;
mod subsystem;
mod work;

use std::process::ExitCode;

use clap::Parser;

use measure::{Measure, Spawner};

#[derive(Parser)]
#[command(about = "Measures one side of one scenario of kit-sync and prints one number")]
struct Arguments {
    /// The work.
    scenario: String,
    /// The side that does it.
    side: String,
    /// The number of operations.
    #[arg(long, default_value_t = 1_000_000)]
    count: u64,
    /// The number of scopes from the root to the tasks, where that matters.
    #[arg(long, default_value_t = 1)]
    depth: usize,
    /// The place of the code that spawns.
    #[arg(long, value_enum, default_value = "block-on")]
    from: Spawner,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match measure(&arguments) {
        Some(figure) => {
            println!("{figure}");
            ExitCode::SUCCESS
        }
        None => {
            let Arguments { scenario, side, .. } = arguments;
            eprintln!("bench-sync: there is no side `{side}` in a scenario `{scenario}`");
            ExitCode::FAILURE
        }
    }
}

/// Runs one side of one scenario. Returns nanoseconds for each operation, or bytes where memory is
/// measured; `None` when the scenario has no such side. Each arm is one pair of scenario and side, and
/// the module of the scenario does the work.
fn measure(arguments: &Arguments) -> Option<f64> {
    let Arguments {
        count, depth, from, ..
    } = *arguments;
    let measure = Measure { count, from };
    let figure = match (arguments.scenario.as_str(), arguments.side.as_str()) {
        ("group-ready", "task-tracker") => measure.nanos(|n| group::task_tracker(n, work::ready)),
        ("group-ready", "group") => measure.nanos(|n| group::group(n, work::ready)),
        ("group-yield", "task-tracker") => measure.nanos(|n| group::task_tracker(n, work::yields)),
        ("group-yield", "group") => measure.nanos(|n| group::group(n, work::yields)),
        ("group-waiting", "join-set") => measure.nanos(group::join_set_waiting),
        ("group-waiting", "group") => measure.nanos(group::group_waiting),
        ("group-waiting", "group-own-token") => measure.nanos(group::group_waiting_own_token),

        ("bounded-ready", "bounded") => measure.nanos(|n| bounded::group(n, work::ready)),
        ("bounded-ready", "semaphore") => measure.nanos(|n| bounded::semaphore(n, work::ready)),

        ("scope-ready", "join-set") => measure.nanos(|n| scope::join_set(n, work::ready)),
        ("scope-ready", "spawn") => measure.nanos(move |n| scope::spawn(n, depth, work::ready)),
        ("scope-ready", "graceful-shutdown") => {
            measure.nanos(move |n| subsystem::start(n, depth, work::ready))
        }
        ("scope-yield", "join-set") => measure.nanos(|n| scope::join_set(n, work::yields)),
        ("scope-yield", "spawn") => measure.nanos(move |n| scope::spawn(n, depth, work::yields)),
        ("track-ready", "join-set") => measure.nanos(|n| scope::join_set(n, work::ready_unit)),
        ("track-ready", "track") => {
            measure.nanos(move |n| scope::track(n, depth, work::ready_unit))
        }
        ("track-yield", "join-set") => measure.nanos(|n| scope::join_set(n, work::yields_unit)),
        ("track-yield", "task-tracker") => {
            measure.nanos(|n| scope::task_tracker(n, work::yields_unit))
        }
        ("track-yield", "track") => {
            measure.nanos(move |n| scope::track(n, depth, work::yields_unit))
        }

        ("published-load", "arc-swap") => published::arc_swap(count),
        ("published-load", "published") => published::published(count),
        ("published-read", "arc-swap") => published::arc_swap_guard(count),
        ("published-read", "published") => published::published_guard(count),

        ("poll", "tokio") => poll::tokio(count),
        ("poll", "track") => poll::track(count),
        ("poll", "spawn") => poll::spawn(count),

        ("close", "task-tracker") => measure.nanos(close::task_tracker),
        ("close", "spawn") => measure.nanos(close::spawn),
        ("close", "track") => measure.nanos(close::track),

        ("memory", "tokio") => memory::tokio(count),
        ("memory", "spawn") => memory::spawn(count),
        ("memory", "track") => memory::track(count),
        _ => return None,
    };
    Some(figure)
}
