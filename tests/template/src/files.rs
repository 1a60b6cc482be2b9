//! What can be seen of the files without building them.

use std::fs;
use std::path::{Path, PathBuf};

use granit_parser::Parser;

use crate::Result;
use crate::combination::Combination;

/// What every service has.
const ALWAYS: [&str; 18] = [
    ".dockerignore",
    ".github/workflows/ci.yml",
    ".gitignore",
    "Cargo.toml",
    "Dockerfile",
    "README.md",
    "clippy.toml",
    "deploy/kubernetes.yaml",
    "src/biz.rs",
    "src/config.rs",
    "src/data.rs",
    "src/lib.rs",
    "src/main.rs",
    "src/server.rs",
    "src/service.rs",
    "tests/service.rs",
    "config/NAME.toml",
    "deploy/systemd/NAME.service",
];

/// Everything that is wrong, each with its file.
pub(crate) fn check(service: &Path, combination: &Combination) -> Result<Vec<String>> {
    let mut found = Vec::new();
    files(service, &mut found)?;
    let mut wrong = Vec::new();
    let mut names = Vec::new();
    for file in &found {
        let name = file.strip_prefix(service)?.display().to_string();
        let text = fs::read_to_string(file)?;
        wrong.extend(look(&name, &text).map(|what| format!("{name} {what}")));
        names.push(name);
    }
    names.sort();
    let mut wanted = wanted(combination);
    wanted.sort();
    if names != wanted {
        wrong.push(format!("the files are {names:?}, and not {wanted:?}"));
    }
    Ok(wrong)
}

/// What the answers ask for, and nothing else: a file that belongs to another answer would be dead.
fn wanted(of: &Combination) -> Vec<String> {
    let crate_name = of.name.replace('-', "_");
    let proto = format!("proto/{crate_name}/v1/{crate_name}.proto");
    let store = if of.database {
        "src/data/sqlite.rs"
    } else {
        "src/data/memory.rs"
    };
    let mut wanted = ALWAYS.to_vec();
    wanted.push(store);
    if of.database {
        wanted.push("migrations/1_greetings.sql");
    }
    if of.has_http() {
        wanted.extend(["deploy/systemd/NAME-http.socket", "src/service/http.rs"]);
    }
    if of.has_grpc() {
        wanted.extend(["build.rs", &proto]);
        wanted.extend(["deploy/systemd/NAME-grpc.socket", "src/service/grpc.rs"]);
    }
    wanted
        .iter()
        .map(|file| file.replace("NAME", of.name))
        .collect()
}

/// Remains of the template, spaces that are not seen, and YAML that is none.
fn look(name: &str, text: &str) -> Option<String> {
    for (number, line) in (1..).zip(text.lines()) {
        if ["{{", "{%"].iter().any(|tag| line.contains(tag)) {
            return Some(format!("has a tag in line {number}: {line}"));
        }
        if line.ends_with([' ', '\t']) {
            return Some(format!("has spaces at the end of line {number}"));
        }
    }
    if text.starts_with('\n')
        || text.contains("\n\n\n")
        || text.ends_with("\n\n")
        || !text.ends_with('\n')
    {
        return Some("has empty lines at its beginning, two in a row, or a wrong end".to_owned());
    }
    if name.ends_with(".yaml") || name.ends_with(".yml") {
        let error = Parser::new_from_str(text).find_map(std::result::Result::err)?;
        return Some(format!("is no YAML: {error}"));
    }
    None
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) -> Result {
    for entry in folder.read_dir()? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            files(&entry.path(), found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}
