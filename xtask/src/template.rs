//! `cargo xtask template`: services are made of `templates/service`, for every combination of answers, and are built,
//! tested and run.
//!
//! `tests/template` makes them, with cargo-generate as a library. It is a separate workspace, so neither its crates
//! nor their versions and features have anything to do with those of Kit, and it is built here and nowhere else.

pub(crate) mod new;
mod running;
mod service;

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use crate::Result;
use crate::cargo::{cargo, output, root, run as run_command, target};
use crate::sample::choose;
use crate::step::Steps;
use crate::tools;
use service::Service;

/// The combinations that are built, tested and run, of which one is with everything and one with nothing.
const WHOLE: [&str; 3] = ["both-local-database-telemetry", "http-memory", "grpc-local"];
/// How many of the others each run checks.
const SAMPLE: usize = 3;

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Checks every combination, and tests more than one.
    #[arg(long)]
    long: bool,
    /// What the sample depends on. Default: another one in each run, which is printed.
    #[arg(long)]
    seed: Option<u64>,
}

/// Every combination is made and looked at. The first of [`WHOLE`] is tested and run, and a sample of the others is
/// checked by clippy; with `--long` all of [`WHOLE`] are tested and run, and all others are checked.
pub(crate) fn run(options: &Options) -> Result {
    let mut steps = Steps::default();
    steps.run("template: the code that makes services", lint);
    let mut services = Vec::new();
    steps.run("template: every combination is made", || {
        services = make()?;
        println!("{} services", services.len());
        let is_made = |whole: &&str| services.iter().any(|of| of.combination == **whole);
        match WHOLE.iter().find(|whole| !is_made(whole)) {
            // The rest of this run would pass without a test.
            Some(missing) => Err(format!("there is no {missing}").into()),
            None => Ok(()),
        }
    });
    steps.run("template: formats", || {
        services.iter().try_for_each(Service::check_format)
    });
    steps.run("template: `cargo xtask new` makes one, once", make_new);
    let systemd = tools::require("systemd-analyze", "systemd");
    steps.with("template: units of systemd", systemd, |()| {
        services.iter().try_for_each(Service::check_units)
    });

    let is_tested = |service: &&Service| {
        let tested = if options.long { WHOLE.len() } else { 1 };
        WHOLE[..tested].contains(&service.combination.as_str())
    };
    let (tested, others): (Vec<_>, Vec<_>) = services.iter().partition(is_tested);
    let names = others.iter().map(|service| service.combination.clone());
    let seed = options.seed.unwrap_or_else(any_seed);
    println!("==> template: seed {seed}");
    let count = if options.long { others.len() } else { SAMPLE };
    let sample = choose(names.collect(), count, seed);
    for service in others
        .into_iter()
        .filter(|of| sample.contains(&of.combination))
    {
        steps.run(&format!("template: {service} compiles"), || service.check());
    }
    for service in tested {
        steps.run(&format!("template: {service} compiles"), || service.check());
        steps.run(&format!("template: {service} passes its tests"), || {
            service.test()
        });
        steps.run(
            &format!("template: {service} runs, and ends with 0"),
            || service.try_run(),
        );
    }
    steps.finish()
}

fn any_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |time| time.as_secs())
}

/// Where everything is built: what two services have in common is built once.
fn target_folder() -> PathBuf {
    target().join("template")
}

fn manifest() -> PathBuf {
    root().join("tests/template/Cargo.toml")
}

/// The lints of the workspace do not reach it.
fn lint() -> Result {
    run_command(
        cargo()
            .args(["fmt", "--check", "--manifest-path"])
            .arg(manifest()),
    )?;
    run_command(
        cargo()
            .args([
                "clippy",
                "--quiet",
                "--locked",
                "--all-targets",
                "--manifest-path",
            ])
            .arg(manifest())
            .args(["--", "-D", "warnings"])
            .env("CARGO_TARGET_DIR", target_folder()),
    )
}

/// A service with some answers; a second one of that name does not replace it, and wrong answers leave nothing.
fn make_new() -> Result {
    let into = target_folder().join("new");
    if into.exists() {
        fs::remove_dir_all(&into)?;
    }
    fs::create_dir_all(&into)?;
    let answers = ["registry=etcd", "database=false"].map(str::to_owned);
    let folder = PathBuf::from(new::make("tickets", into.clone(), &answers, true)?);
    let read = |file: &str| fs::read_to_string(folder.join(file));
    if !read("Cargo.toml")?.contains("name = \"tickets\"")
        || !read("config/tickets.toml")?.contains("etcd://")
    {
        return Err(format!("{} is not what was asked for", folder.display()).into());
    }
    let other = |name: &str, answer: &str| {
        let answers = [answer.to_owned()];
        match new::make(name, into.clone(), &answers, true) {
            Ok(folder) => Err(format!("{folder} was made, with `{answer}`")),
            Err(_) => Ok(()),
        }
    };
    other("tickets", "registry=memory")?;
    for wrong in ["registry=redis", "regisry=etcd", "database=yes", "etcd"] {
        other("wrong", wrong)?;
        if into.join("wrong").exists() {
            return Err(format!("`{wrong}` has left a folder behind").into());
        }
    }
    Ok(())
}

/// Makes all of them; what cargo-generate says is shown if it fails.
fn make() -> Result<Vec<Service>> {
    let folder = target_folder().join("services");
    let mut make = cargo();
    make.args(["run", "--quiet", "--locked", "--manifest-path"])
        .arg(manifest())
        .arg("--")
        .args([root(), folder])
        .env("CARGO_TARGET_DIR", target_folder())
        // cargo-generate refuses to work for a user without a name.
        .env("CARGO_NAME", "Kit");
    output(&mut make)?.lines().map(Service::at).collect()
}
