//! The loom models: every interleaving of our state machines, in a separate build.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Result;
use crate::cargo::{cargo, command, output, root, run as run_command, target};
use crate::step::seconds;

/// What all models together may take without the build: they run before every commit.
const LIMIT: Duration = Duration::from_secs(60);
/// How often an execution may take the core from a thread that could go on.
const PREEMPTIONS: &str = "2";
const PREEMPTIONS_LONG: &str = "3";
/// What the modules with models are called.
const MODELS: &str = "models";

/// Explores every model; with `long` deeper, the ignored ones too, and without a limit on time.
pub(crate) fn run(long: bool) -> Result {
    let start = Instant::now();
    let binaries = build(&packages()?)?;
    let built = start.elapsed();

    let mut models = 0;
    for binary in &binaries {
        models += count(binary)?;
    }

    let start = Instant::now();
    let results: Vec<Result> = binaries
        .iter()
        .map(|binary| explore(binary, long))
        .collect();
    let took = start.elapsed();
    println!(
        "==> loom: build: {}, {models} models: {}",
        seconds(built),
        seconds(took)
    );

    for result in results {
        result?;
    }
    if !long && took > LIMIT {
        return Err(format!(
            "the loom models passed but took {} without the build; the limit is {}: give the \
             slowest fewer threads or steps, or mark it `#[ignore]`, which moves it to \
             `cargo xtask test --long`",
            seconds(took),
            seconds(LIMIT),
        )
        .into());
    }
    Ok(())
}

/// The names of the crates whose manifests say that they have models.
fn packages() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for folder in ["crates", "examples"] {
        for entry in root().join(folder).read_dir()? {
            let manifest = entry?.path().join("Cargo.toml");
            let Ok(text) = fs::read_to_string(&manifest) else {
                continue;
            };
            if text.contains("cfg(kit_loom)") {
                let name = package_name(&text);
                let no_name = || format!("{} names no package", manifest.display());
                names.push(name.ok_or_else(no_name)?.to_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// The first name in a manifest is the package's.
fn package_name(manifest: &str) -> Option<&str> {
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("name = "))?;
    Some(line.trim().trim_matches('"'))
}

/// Builds the unit tests of these packages, and returns the binaries.
fn build(packages: &[String]) -> Result<Vec<PathBuf>> {
    let flags = env::var("RUSTFLAGS").unwrap_or_default();
    let mut build = cargo();
    build.args(["test", "--no-run", "--release", "--lib", "--bins"]);
    build.arg("--message-format=json-render-diagnostics");
    for package in packages {
        build.args(["-p", package]);
    }
    // With another cfg everything is built anew, so it must not take the place of the usual build.
    build.arg("--target-dir").arg(target().join("loom"));
    build.env("RUSTFLAGS", format!("{flags} --cfg kit_loom"));

    let built = build.stderr(Stdio::inherit()).output()?;
    if !built.status.success() {
        return Err(format!("the build of the loom models failed: {}", built.status).into());
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let mut binaries: Vec<_> = messages.lines().filter_map(executable).collect();
    binaries.sort();
    Ok(binaries)
}

/// The path in cargo's message about a binary that it has built.
fn executable(message: &str) -> Option<PathBuf> {
    let (_, path) = message.split_once(r#""executable":""#)?;
    let (path, _) = path.split_once('"')?;
    Some(path.replace(r"\\", r"\").into())
}

/// How many models a binary has; one without any proves nothing, so it is an error.
fn count(binary: &Path) -> Result<usize> {
    let list = output(command(binary).args([MODELS, "--list"]))?;
    match list.lines().filter(|line| line.ends_with(": test")).count() {
        0 => Err(format!(
            "{} has no loom model: nothing in a module `{MODELS}` under `#[cfg(all(test, kit_loom))]`",
            binary.display()
        )
        .into()),
        models => Ok(models),
    }
}

fn explore(binary: &Path, long: bool) -> Result {
    let mut explore: Command = command(binary);
    explore.arg(MODELS);
    // One after the other: loom maps stacks all the time, and two threads that did waited for each other. They took
    // 67 s on two processors, and one takes 34 s.
    explore.arg("--test-threads=1");
    // What would cut an exploration short: it would pass and say nothing.
    explore.env_remove("LOOM_MAX_DURATION");
    explore.env_remove("LOOM_MAX_PERMUTATIONS");
    if long {
        explore.arg("--include-ignored");
        explore.env("LOOM_MAX_PREEMPTIONS", PREEMPTIONS_LONG);
    } else {
        explore.env("LOOM_MAX_PREEMPTIONS", PREEMPTIONS);
    }
    run_command(&mut explore)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{executable, packages};

    #[test]
    fn the_crates_with_models_are_found() {
        let packages = packages().expect("the workspace is readable");
        for name in ["kit-sync", "memory_reordering"] {
            assert!(packages.iter().any(|found| found == name), "{packages:?}");
        }
    }

    #[test]
    fn a_binary_is_not_taken_for_a_library() {
        let message =
            r#"{"reason":"compiler-artifact","executable":"C:\\t\\kit_sync-1","fresh":true}"#;
        assert_eq!(
            executable(message).as_deref(),
            Some(Path::new(r"C:\t\kit_sync-1"))
        );
        assert_eq!(executable(r#"{"executable":null}"#), None);
    }
}
