//! `cargo xtask lint house`: what keeps the house in order, checked on the text of its code.
//!
//! clippy knows Rust; these rules are the project's own. docs/src/words.md and CONTRIBUTING.md say
//! why each stands.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::Result;
use crate::cargo::root;

mod circles;
mod finding;
mod functions;
mod items;
mod list;
mod modules;
mod phrases;
mod questions;
mod source;
mod structs;
mod table;
mod tree;
mod types;
mod words;

use finding::{Finding, Rule};
use tree::Crate;

/// The most `pub(in …)` in the whole house.
const MOST_PUB_IN: usize = 5;

#[derive(Args, Default)]
pub(crate) struct HouseOptions {
    /// House: prints the numbers of the house, not its findings.
    #[arg(long)]
    table: bool,
    /// House: only this rule.
    #[arg(long, value_enum)]
    rule: Vec<Rule>,
    /// House: only findings in files whose path begins so, as `crates/kit-app/src`.
    #[arg(long)]
    under: Vec<String>,
    /// House: reads the checkout in this folder.
    #[arg(long)]
    checkout: Option<PathBuf>,
}

/// Prints the findings that the options ask for, and fails when there is one.
///
/// Every rule looks at the whole house, because imports lead from file to file; the options choose
/// afterwards.
pub(crate) fn run(options: &HouseOptions) -> Result {
    let root = options.checkout.clone().unwrap_or_else(root);
    let crates = read(&root)?;
    let findings = findings(&crates);
    if options.table {
        table::print(&crates, &findings);
        return Ok(());
    }
    let is_wanted = |finding: &&Finding| {
        let is_here = options
            .under
            .iter()
            .any(|under| finding.path.starts_with(under.as_str()));
        (options.rule.is_empty() || options.rule.contains(&finding.rule))
            && (options.under.is_empty() || is_here)
    };
    let mut counts = BTreeMap::new();
    for finding in findings.iter().filter(is_wanted) {
        println!("{finding}");
        *counts.entry(finding.rule).or_insert(0) += 1;
    }
    if counts.is_empty() {
        return Ok(());
    }
    let counts: Vec<_> = counts
        .into_iter()
        .map(|(rule, count)| format!("{count} {}", rule.name()))
        .collect();
    Err(format!(
        "{}; see docs/src/words.md and CONTRIBUTING.md",
        counts.join(", ")
    )
    .into())
}

/// Every breach of every rule, in the order of the files.
fn findings(crates: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for of in crates {
        for file in &of.files {
            findings.extend(words::check(file));
            findings.extend(questions::check(file));
            if file.module.is_some() {
                findings.extend(functions::check(file));
            }
        }
        // Tools, examples and benchmarks are read one at a time.
        if of.is_library() {
            findings.extend(circles::check(of));
            findings.extend(structs::check(of));
            findings.extend(types::check_impls(of));
            findings.extend(types::check_names(of));
        }
    }
    findings.extend(pub_in(crates));
    findings.sort();
    findings
}

/// The lines with `pub(in …)`, once there are too many.
fn pub_in(crates: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in crates.iter().flat_map(|of| &of.files) {
        for (number, line) in file.source.code.lines().enumerate() {
            if line.contains("pub(in ") {
                findings.push(Finding {
                    path: file.path.clone(),
                    line: number + 1,
                    rule: Rule::Visibility,
                    message: format!("`pub(in …)`, of which the house has more than {MOST_PUB_IN}: move what needs it into the room"),
                });
            }
        }
    }
    if findings.len() > MOST_PUB_IN {
        findings
    } else {
        Vec::new()
    }
}

/// Every package of the workspace, without generated files.
fn read(root: &Path) -> Result<Vec<Crate>> {
    let mut crates = Vec::new();
    for above in ["crates", "examples", "bench", "tests", ""] {
        let mut folders = Vec::new();
        for entry in root.join(above).read_dir()? {
            folders.push(entry?.file_name().to_string_lossy().into_owned());
        }
        folders.sort();
        for folder in folders {
            let folder = if above.is_empty() {
                folder
            } else {
                format!("{above}/{folder}")
            };
            let path = root.join(&folder);
            if path.join("Cargo.toml").is_file() {
                let mut texts = Vec::new();
                files(&path, "", &mut texts)?;
                crates.push(Crate::new(&folder, texts)?);
            }
        }
    }
    Ok(crates)
}

fn files(folder: &Path, below: &str, found: &mut Vec<(String, String)>) -> Result {
    let mut entries = Vec::new();
    for entry in folder.join(below).read_dir()? {
        let entry = entry?;
        entries.push((
            entry.file_name().to_string_lossy().into_owned(),
            entry.file_type()?.is_dir(),
        ));
    }
    entries.sort();
    for (name, is_folder) in entries {
        let path = if below.is_empty() {
            name.clone()
        } else {
            format!("{below}/{name}")
        };
        if is_folder && name != "target" {
            files(folder, &path, found)?;
        } else if Path::new(&name).extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(folder.join(&path))?;
            if !text.lines().next().unwrap_or("").contains("@generated") {
                found.push((path, text));
            }
        }
    }
    Ok(())
}
