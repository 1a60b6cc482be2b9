//! The project's own tooling: `cargo xtask test`, `ci`, `lint` and `bench`.
#![expect(
    clippy::disallowed_methods,
    reason = "a tool that waits for child processes measures real time, not tokio's clock"
)]

mod bench;
mod book;
mod bounded;
mod cargo;
mod conformance;
mod features;
mod house;
mod interop;
mod lint;
mod loom;
mod msrv;
mod mutants;
mod package;
mod sample;
mod server;
mod step;
mod template;
mod test;
mod tools;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What every task returns: nothing, or one line that says what failed.
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tests, checks and benchmarks of Kit")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Gets what the tests need, builds, and runs every test.
    Test(test::Options),
    /// Everything that a change has to pass: `test`, `template`, then `lint`.
    Ci,
    /// All checks that are no tests, or only those that are named.
    Lint(lint::Options),
    /// Lets clients that others have written talk to Kit's servers; part of `test`.
    Conformance(conformance::Options),
    /// Lets services of Kratos and of Kit call each other; part of `test --long`, needs Go.
    Interop,
    /// Makes a service of the template, without a cargo-generate on the machine.
    New(template::new::Options),
    /// Makes services of `templates/service`, builds, tests and runs them.
    Template(template::Options),
    /// Changes single expressions and looks whether a test notices (docs/src/testing.md).
    Mutants(mutants::Options),
    /// Measures Kit against its peers.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().task {
        Task::Test(options) => test::run(&options),
        Task::Ci => ci(),
        Task::Lint(options) => lint::run(&options),
        Task::Conformance(options) => conformance::run(&options),
        Task::Interop => interop::run(),
        Task::New(options) => template::new::run(&options),
        Task::Template(options) => template::run(&options),
        Task::Mutants(options) => mutants::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the checks also when a test failed: one run shows all that is wrong.
fn ci() -> Result {
    let tests = test::run(&test::Options::default());
    let template = template::run(&template::Options::default());
    for error in [&tests, &template]
        .into_iter()
        .filter_map(|result| result.as_ref().err())
    {
        eprintln!("xtask: {error}");
    }
    lint::run(&lint::Options::default())?;
    tests
        .and(template)
        .map_err(|_| "the tests failed; see above".into())
}
