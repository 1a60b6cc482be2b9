//! `cargo xtask lint`: everything that is checked and is no test.

use clap::{Args, ValueEnum};

use crate::cargo::{cargo, run as run_command};
use crate::step::Steps;
use crate::{Result, book, features, house, msrv, package, tools};

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Runs only these checks.
    #[arg(value_enum)]
    only: Vec<Check>,
    #[command(flatten)]
    house: house::HouseOptions,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Check {
    /// `cargo fmt --check`
    Fmt,
    /// Every dependency of the workspace has a line in the book that says why, and every chapter
    /// is listed and has its code compiled.
    Book,
    /// The project's own rules on words and rooms. When it is named, breaches that are still allowed
    /// are shown as well.
    House,
    /// `cargo clippy` over everything, warnings denied
    Clippy,
    /// `cargo doc`, warnings denied
    Doc,
    /// Each crate alone without its default features, and what must not be in its tree.
    Features,
    /// `cargo deny check bans licenses sources`
    Deny,
    /// One `rust-version`, which no dependency exceeds; everything is built with it when this Rust is newer
    Msrv,
    /// `cargo package` of all that shall be published, each built from its package
    Package,
}

pub(crate) fn run(options: &Options) -> Result {
    let mut steps = Steps::default();
    for check in Check::value_variants() {
        if options.only.is_empty() || options.only.contains(check) {
            match check {
                Check::Fmt => steps.run("fmt", fmt),
                Check::Book => steps.run("book", book::check),
                Check::Clippy => steps.run("clippy", clippy),
                Check::Doc => steps.run("doc", doc),
                Check::Features => steps.run("features", features::check),
                Check::Deny => steps.run("deny", deny),
                Check::Msrv => {
                    steps.run("msrv", msrv::check);
                    steps.with("msrv: build", msrv::toolchain(), msrv::build);
                }
                Check::Package => steps.run("package", package::check),
                Check::House => steps.run("house", || house::run(&options.house)),
            }
        }
    }
    steps.finish()
}

fn fmt() -> Result {
    run_command(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result {
    run_command(
        cargo()
            .args(["clippy", "--workspace", "--all-targets", "--all-features"])
            .args(["--", "-D", "warnings"]),
    )
}

fn doc() -> Result {
    run_command(
        cargo()
            .args(["doc", "--workspace", "--no-deps", "--all-features"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )
}

fn deny() -> Result {
    tools::cargo_deny()?;
    // Advisories live in a repository that cannot be fetched everywhere.
    run_command(
        cargo()
            .args(["deny", "check", "--hide-inclusion-graph"])
            .args(["bans", "licenses", "sources"]),
    )
}
