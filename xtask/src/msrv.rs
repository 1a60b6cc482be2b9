//! The oldest Rust: one number, which no dependency exceeds, and with which everything builds.

use std::process::Command;

use serde_json::Value;

use crate::Result;
use crate::cargo::{cargo, command, output, root, run as run_command, target};
use crate::tools;

/// The `rust-version` is the same in each crate, in clippy's settings and in the README, and each dependency of the
/// lock file declares no higher one.
pub(crate) fn check() -> Result {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text)?;
    let ours = rust_version()?;
    let mut problems = exceeding(&metadata, &ours)?;
    let clippy = std::fs::read_to_string(root().join("clippy.toml"))?;
    if let Some(line) = clippy.lines().find(|line| line.starts_with("msrv")) {
        problems.push(format!(
            "clippy.toml has `{line}`: clippy takes the rust-version of the manifests by itself"
        ));
    }
    let readme = std::fs::read_to_string(root().join("README.md"))?;
    if !readme.contains(&format!("Rust {ours}")) {
        problems.push(format!("README.md does not say `Rust {ours}`"));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems.join("; ").into())
}

/// The way to that Rust: nothing when it is the one that runs, which has built all that is tested; else its name for
/// `rustup`, which has it or gets it.
pub(crate) fn toolchain() -> Result<Option<String>> {
    let ours = rust_version()?;
    let running = output(command("rustc").arg("--version"))?;
    if number(running.trim_start_matches("rustc ")) == number(&ours) {
        println!("==> msrv: this Rust is the oldest one: {}", running.trim());
        return Ok(None);
    }
    let rustup = tools::find("rustup").ok_or("there is no `rustup` on the PATH")?;
    let install = ["toolchain", "install", &ours, "--profile", "minimal"];
    output(command(rustup).args(install))?;
    Ok(Some(ours))
}

/// Checks everything with the oldest Rust.
pub(crate) fn build(toolchain: Option<String>) -> Result {
    let Some(toolchain) = toolchain else {
        return Ok(());
    };
    let mut check = Command::new("rustup");
    check.current_dir(root());
    check.args(["run", &toolchain, "cargo", "check"]);
    check.args(["--workspace", "--all-targets", "--all-features", "--locked"]);
    crate::cargo::forget_package(&mut check);
    // Another compiler builds everything anew, so it must not take the place of the usual build.
    run_command(check.arg("--target-dir").arg(target().join("msrv")))
}

/// That of the root manifest.
fn rust_version() -> Result<String> {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml"))?;
    let line = manifest
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = "));
    let version = line.ok_or("the root manifest has no rust-version")?;
    Ok(version.trim_matches('"').to_owned())
}

/// The crates of the workspace with another version than ours, and the dependencies with a higher one.
fn exceeding(metadata: &Value, ours: &str) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array();
    let packages = packages.ok_or("cargo's metadata has no packages")?;
    let members = metadata["workspace_members"].as_array();
    let members = members.ok_or("cargo's metadata has no members")?;
    let mut problems = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap_or_default();
        let declared = package["rust_version"].as_str();
        if members.contains(&package["id"]) {
            if declared != Some(ours) {
                problems.push(format!("{name} does not have the workspace's rust-version"));
            }
        } else if let Some(declared) = declared
            && number(declared) > number(ours)
        {
            let version = package["version"].as_str().unwrap_or_default();
            problems.push(format!(
                "{name} {version} needs Rust {declared}, and ours is {ours}"
            ));
        }
    }
    Ok(problems)
}

/// The first two numbers of a version, such as `1.95.0`.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(['.', '-', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{exceeding, number};

    #[test]
    fn a_dependency_with_a_higher_version_is_named_and_so_is_a_crate_with_another_one() {
        let metadata = json!({
            "workspace_members": ["a", "b"],
            "packages": [
                {"id": "a", "name": "ours", "version": "0.1.0", "rust_version": "1.95"},
                {"id": "b", "name": "other", "version": "0.1.0", "rust_version": "1.94"},
                {"id": "c", "name": "low", "version": "1.0.0", "rust_version": "1.60.0"},
                {"id": "d", "name": "silent", "version": "1.0.0", "rust_version": null},
                {"id": "e", "name": "high", "version": "2.0.0", "rust_version": "1.100"},
            ],
        });
        assert_eq!(
            exceeding(&metadata, "1.95").expect("it is whole"),
            [
                "other does not have the workspace's rust-version",
                "high 2.0.0 needs Rust 1.100, and ours is 1.95",
            ]
        );
        assert!(exceeding(&json!({}), "1.95").is_err());
    }

    #[test]
    fn a_version_is_read_in_every_form_that_it_has() {
        for text in [
            "1.95",
            "1.95.0",
            "1.95.0 (59807616e 2026-04-14)",
            "1.95.0-beta.1",
        ] {
            assert_eq!(number(text), Some((1, 95)), "{text}");
        }
        assert!(number("1.100") > number("1.95"));
        assert_eq!(number("unknown"), None);
    }
}
