//! Prometheus' own reader of pages.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

/// What `promtool check metrics` says of a page: code 1 for one that cannot be read, 3 for a matter of style.
///
/// # Panics
/// When there is no `promtool`: `KIT_PROMTOOL` names another one than that of the path.
#[must_use]
pub fn promtool(page: &str) -> Output {
    let program = std::env::var_os("KIT_PROMTOOL").unwrap_or_else(|| "promtool".into());
    let started = Command::new(&program)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut checking = started.unwrap_or_else(|error| {
        panic!(
            "NOT RUN: this test needs `promtool` of Prometheus ({}: {error}). `cargo xtask test` installs \
             it; Debian has it in the package `prometheus`; KIT_PROMTOOL names another one",
            program.display()
        )
    });
    let mut input = checking.stdin.take().expect("piped");
    input.write_all(page.as_bytes()).expect("it reads");
    drop(input);
    checking.wait_with_output().expect("it ends")
}
