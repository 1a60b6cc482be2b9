//! The programs that are measured, each run doing one thing and printing one number.

use std::path::PathBuf;
use std::process::Command;

use super::comparisons::{Comparison, Spawner};
use crate::Result;
use crate::bench::folder;
use crate::cargo::{cargo, command, output, root, run, target};
use crate::tools;

/// One side of a comparison.
pub(super) struct Side {
    /// As users know it.
    pub(super) name: &'static str,
    pub(super) program: Program,
    /// After the scenario's name.
    pub(super) arguments: &'static [&'static str],
}

impl Side {
    pub(super) const fn new(
        name: &'static str,
        program: Program,
        arguments: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            program,
            arguments,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Program {
    /// `bench/sync`
    Rust,
    /// `bench/peers/errgroup`
    Go,
}

/// Both programs, built; the one in Go if it can be.
pub(super) struct Programs {
    rust: PathBuf,
    go: std::result::Result<PathBuf, String>,
}

impl Programs {
    pub(super) fn build(with_go: bool) -> Result<Self> {
        run(cargo().args(["build", "--release", "-p", "bench-sync"]))?;
        let go = if with_go {
            build_go()
        } else {
            Err("not asked for".into())
        };
        Ok(Self {
            rust: target().join("release/bench-sync"),
            go: go.map_err(|error| error.to_string()),
        })
    }

    /// Why there is no program in Go, if there is none.
    pub(super) fn no_go(&self) -> Option<&str> {
        self.go.as_ref().err().map(String::as_str)
    }

    /// The command of one measurement, under `tool` if that is not empty.
    ///
    /// Only the Rust program is asked to spawn from different places; both take the count last.
    pub(super) fn command(
        &self,
        tool: &[String],
        comparison: &Comparison,
        side: &Side,
        count: u64,
    ) -> Command {
        let binary = match side.program {
            Program::Rust => &self.rust,
            Program::Go => self.go.as_ref().unwrap_or(&self.rust),
        };
        let mut command = match tool.split_first() {
            None => command(binary),
            Some((program, arguments)) => {
                let mut command = command(program);
                command.args(arguments).arg(binary);
                command
            }
        };
        if side.program == Program::Rust {
            let spawner = match comparison.spawner {
                Spawner::BlockOn => "block-on",
                Spawner::Task => "task",
                Spawner::OneThread => "one-thread",
            };
            command.arg(comparison.scenario).args(["--from", spawner]);
        }
        command.args(side.arguments);
        command.args(["--count", &count.to_string()]);
        command
    }
}

fn build_go() -> Result<PathBuf> {
    if tools::find("go").is_none() {
        return Err("no go on the PATH".into());
    }
    let binary = folder()?.join("errgroup");
    let built = run(command("go")
        .current_dir(root().join("bench/peers/errgroup"))
        .args(["build", "-o"])
        .arg(&binary)
        .arg("."));
    // The reason stands above, as go has printed it.
    built.map_err(|_| "`go build` failed")?;
    Ok(binary)
}

/// The one number that a measurement prints.
pub(super) fn figure(command: &mut Command) -> Result<f64> {
    let text = output(command)?;
    text.trim()
        .parse()
        .map_err(|_| format!("printed no number: {}", text.trim_end()).into())
}
