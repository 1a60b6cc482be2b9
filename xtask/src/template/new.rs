//! `cargo xtask new`: one service of the template, without a cargo-generate on the machine.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;

use super::{manifest, target_folder};
use crate::Result;
use crate::cargo::{cargo, output, root};

#[derive(Args)]
pub(crate) struct Options {
    /// The service's name, such as `orders`.
    name: String,
    /// The folder that the service's own folder is made in. Default: the one that this checkout lies in.
    #[arg(long, value_name = "FOLDER")]
    into: Option<PathBuf>,
    /// An answer beforehand, such as `registry=etcd`; docs/src/template.md has all questions.
    #[arg(short = 'd', long = "define", value_name = "QUESTION=ANSWER")]
    defines: Vec<String>,
    /// Asks nothing: what has no answer has its default.
    #[arg(long)]
    silent: bool,
}

/// Makes it, and says how it is run.
pub(crate) fn run(options: &Options) -> Result {
    let root = root();
    let into = match &options.into {
        Some(into) => env::current_dir()?.join(into),
        None => root.parent().unwrap_or(&root).to_path_buf(),
    };
    if !into.is_dir() {
        return Err(format!("--into {}: there is no such folder", into.display()).into());
    }
    if !options.silent && !io::stdin().is_terminal() {
        return Err("there is no terminal to ask at: give answers by `-d`, and `--silent`".into());
    }
    let folder = make(&options.name, into, &options.defines, options.silent)?;
    println!("\nThe service is in {folder}. Next:\n\n    cd {folder}\n    cargo run");
    Ok(())
}

/// Makes a service in a folder, and gives its own.
pub(super) fn make(
    name: &str,
    into: PathBuf,
    defines: &[String],
    is_silent: bool,
) -> Result<String> {
    let mut make = program();
    make.arg(root()).arg(name).arg(into);
    make.arg(if is_silent { "silent" } else { "ask" });
    make.args(defines);
    // The questions are on stderr, and the answers come from the terminal.
    make.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    let folder = output(&mut make)?;
    Ok(folder.trim_end().to_owned())
}

fn program() -> Command {
    let mut program = cargo();
    program
        .args(["run", "--quiet", "--locked", "--bin", "new"])
        .arg("--manifest-path")
        .arg(manifest())
        .arg("--")
        .env("CARGO_TARGET_DIR", target_folder());
    if env::var_os("CARGO_NAME").is_none() {
        // cargo-generate refuses to work for a user without a name, which the template has no use for.
        program.env("CARGO_NAME", "Kit");
    }
    program
}
