//! Child processes: cargo, and other programs in the workspace's folder.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::Result;

/// The workspace's folder, wherever inside it the task was called.
pub(crate) fn root() -> PathBuf {
    let manifest =
        env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let manifest = PathBuf::from(manifest);
    manifest.parent().map(Path::to_path_buf).unwrap_or(manifest)
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A cargo that behaves as if it had been called from a shell.
///
/// `cargo run` describes the xtask package in the environment; a child that inherits it shows
/// the wrong package to build scripts, and what they then rerun, a plain cargo reruns again.
pub(crate) fn cargo() -> Command {
    let mut command = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_package(&mut command);
    command
}

/// The same for a program that runs cargo by itself.
pub(crate) fn forget_package(command: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(describes_a_package) {
            command.env_remove(name);
        }
    }
}

fn describes_a_package(name: &str) -> bool {
    const EXACT: [&str; 7] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "OUT_DIR",
    ];
    EXACT.contains(&name) || name.starts_with("CARGO_PKG_")
}

/// Any program, in the workspace's folder.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// Runs it with this process's own output; an exit code other than 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result {
    let line = describe(command);
    let status = command
        .status()
        .map_err(|error| format!("could not run `{line}`: {error}"))?;
    if !status.success() {
        return Err(format!("`{line}` failed: {status}").into());
    }
    Ok(())
}

/// Prints all that a command has printed; `line` is its command line. An exit code other than 0 is an error.
pub(crate) fn print(line: &str, output: io::Result<Output>) -> Result {
    let output = output.map_err(|error| format!("could not run `{line}`: {error}"))?;
    for text in [&output.stderr, &output.stdout] {
        print!("{}", String::from_utf8_lossy(text));
    }
    if !output.status.success() {
        return Err(format!("`{line}` failed: {}", output.status).into());
    }
    Ok(())
}

/// Runs it and returns what it printed on stdout; stderr is part of the error.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = describe(command);
    let output = command
        .output()
        .map_err(|error| format!("could not run `{line}`: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{line}` failed: {}\n{}", output.status, text.trim_end()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Its command line, for messages.
pub(crate) fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut line = program
        .file_name()
        .unwrap_or(program.as_os_str())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::describes_a_package;

    #[test]
    fn only_what_describes_the_xtask_package_is_taken_away() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "OUT_DIR"] {
            assert!(describes_a_package(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_TERM_COLOR", "PATH"] {
            assert!(!describes_a_package(name), "{name}");
        }
    }
}
