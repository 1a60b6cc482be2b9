//! `cargo xtask test`: the one test command.

use std::env;
use std::panic::resume_unwind;
use std::process::Command;
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use clap::Args;

use crate::cargo::{cargo, describe, print, run as run_command};
use crate::step::seconds;
use crate::{Result, conformance, interop, loom, tools};

/// What the tests may take without the build; what needs longer is `#[ignore]`d and run by `--long`.
const LIMIT: Duration = Duration::from_secs(6 * 60);

/// How many tests of one binary run at once on each processor: most of them wait most of the time, for a
/// lease, a limit or a process that stops. The variable of Rust's own harness changes the number.
const AT_ONCE: usize = 3;
const THREADS: &str = "RUST_TEST_THREADS";

/// The module of tests that need a machine on which nothing else runs, and so the beginning of their names.
const ALONE: &str = "alone::";

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Runs the tests marked `#[ignore]` as well and explores the loom models deeper; then there
    /// is no limit on the time.
    #[arg(long)]
    long: bool,
    /// Runs the loom models and nothing else.
    #[arg(long)]
    models: bool,
}

pub(crate) fn run(options: &Options) -> Result {
    if options.models {
        return loom::run(options.long);
    }
    let servers = tools::test_programs()?;

    let start = Instant::now();
    build()?;
    let built = start.elapsed();
    println!("==> build: {}", seconds(built));

    let start = Instant::now();
    let mut results = run_all(|targets| {
        let mut command = workspace("test");
        // A failing test binary must not hide what the others have to say.
        command.arg("--no-fail-fast").args(targets);
        several_at_once(&mut command).envs(servers.clone());
        command
    });
    if options.long {
        // Named targets leave the doc tests out: there, `ignore` means "does not compile".
        results.push(run_command(
            // As many at once as the harness has it: these use the processors as well.
            workspace("test")
                .args(["--no-fail-fast", "--lib", "--bins", "--tests", "--examples"])
                // Those beside Kratos and Consul need their programs.
                .args(["--", "--ignored", "--skip", interop::TESTS])
                .args(["--skip", conformance::REGISTRY_TESTS])
                .envs(servers.clone()),
        ));
    }
    let took = start.elapsed();
    println!("==> build: {}, tests: {}", seconds(built), seconds(took));
    results.push(conformance::check(if options.long {
        conformance::MANY_STOPS
    } else {
        conformance::FEW_STOPS
    }));
    if options.long {
        results.push(interop::check());
    }
    results.push(loom::run(options.long));

    for result in results {
        result?;
    }
    if !options.long && took > LIMIT {
        return Err(format!(
            "the tests passed but took {} without the build; the limit is {}: mark the slow ones \
             `#[ignore]`, which moves them to `cargo xtask test --long`",
            seconds(took),
            seconds(LIMIT),
        )
        .into());
    }
    Ok(())
}

/// Runs those tests that need the machine for themselves; then the other integration tests, most of which wait for
/// servers and processes, and beside them the unit tests and the doc tests, whose output comes when both have ended.
fn run_all(test: impl Fn(&[&str]) -> Command + Sync) -> Vec<Result> {
    let alone = run_command(test(&["--test", "stops"]).args(["--", ALONE]));
    thread::scope(|scope| {
        let beside = scope.spawn(|| {
            let targets: [&[&str]; 2] = [&["--lib", "--bins"], &["--doc"]];
            targets.map(|targets| {
                let mut command = test(targets);
                (describe(&command), command.output())
            })
        });
        let others = run_command(test(&["--test", "*"]).args(["--", "--skip", ALONE]));
        let mut results = vec![alone, others];
        let beside = beside.join();
        let beside = beside.unwrap_or_else(|panic| resume_unwind(panic));
        results.extend(beside.map(|(line, output)| print(&line, output)));
        results
    })
}

/// More tests at once than the harness would run by itself, if nothing else is asked for.
fn several_at_once(command: &mut Command) -> &mut Command {
    if env::var_os(THREADS).is_none() {
        let processors = available_parallelism().map_or(1, usize::from);
        command.env(THREADS, (AT_ONCE * processors).to_string());
    }
    command
}

/// Builds the tests, and beside them the binaries that process tests start.
pub(crate) fn build() -> Result {
    // With all targets it is the very graph of `cargo test`; `-p helloworld` alone would have
    // fewer features switched on and compile half of the dependencies a second time.
    run_command(workspace("build").arg("--all-targets"))?;
    run_command(workspace("test").arg("--no-run"))
}

/// Cargo with all crates and all features: the one graph that is compiled.
pub(crate) fn workspace(subcommand: &str) -> Command {
    let mut command = cargo();
    command.args([subcommand, "--workspace", "--all-features"]);
    command
}
