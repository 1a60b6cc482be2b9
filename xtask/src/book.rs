//! Checks of `docs/`: justified dependencies, listed chapters, compiled code blocks, links to files, and
//! parts of files that are included.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Result;
use crate::cargo::root;

pub(crate) fn check() -> Result {
    let mut problems = Vec::new();
    problems.extend(dependencies()?);
    problems.extend(chapters()?);
    problems.extend(broken_links()?);
    problems.extend(broken_includes()?);
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems.join("; ").into())
    }
}

/// Dependencies without a line in the book, and lines of the book without a dependency.
fn dependencies() -> Result<Vec<String>> {
    let declared = declared(&read("Cargo.toml")?);
    let page = read("docs/src/dependencies.md")?;
    let justified = justified(&page);
    let twice = twice(&page)
        .into_iter()
        .map(|name| format!("docs/src/dependencies.md has two lines for `{name}`"));
    let members = members()?;
    let unjustified = declared
        .difference(&justified)
        .map(|name| format!("docs/src/dependencies.md does not say why `{name}` is needed"));
    let gone = justified
        .difference(&declared)
        .map(|name| format!("docs/src/dependencies.md justifies `{name}`, which nothing declares"));
    let unused = declared
        .iter()
        .filter(|name| !members.iter().any(|manifest| uses(manifest, name)))
        .map(|name| format!("the root manifest declares `{name}`, which no crate uses"));
    Ok(unjustified.chain(gone).chain(unused).chain(twice).collect())
}

/// The manifests of all members.
fn members() -> Result<Vec<String>> {
    let mut manifests = vec![read("xtask/Cargo.toml")?];
    for folder in ["crates", "examples", "bench"] {
        for entry in root().join(folder).read_dir()? {
            let path = entry?.path().join("Cargo.toml");
            if path.is_file() {
                manifests.push(fs::read_to_string(path)?);
            }
        }
    }
    Ok(manifests)
}

/// Whether a manifest takes this dependency from the workspace.
fn uses(manifest: &str, name: &str) -> bool {
    manifest
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.split_once("workspace"))
        .any(|(between, _)| matches!(between.trim(), "." | "= {"))
}

/// The names in `[workspace.dependencies]` that come from outside.
fn declared(manifest: &str) -> BTreeSet<String> {
    manifest
        .lines()
        .skip_while(|line| line.trim() != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim_start().starts_with('#') && !line.contains("path = "))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim().to_owned())
        .collect()
}

/// The names in the first column of the book's tables, and whether something stands beside them.
fn justified(page: &str) -> BTreeSet<String> {
    rows(page).map(ToOwned::to_owned).collect()
}

/// The names that have more than one row with a reason.
fn twice(page: &str) -> BTreeSet<&str> {
    let mut seen = BTreeSet::new();
    rows(page).filter(|name| !seen.insert(*name)).collect()
}

fn rows(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter_map(|line| {
        let (name, why) = line.strip_prefix("| `")?.split_once("` |")?;
        why.chars().any(char::is_alphabetic).then_some(name)
    })
}

/// Chapters that the summary does not list, and chapters with Rust that no test compiles.
fn chapters() -> Result<Vec<String>> {
    let summary = read("docs/src/SUMMARY.md")?;
    // The chapter of configuration stands in its crate, as the facade does not have it. The files of the tutorial are
    // those of an example, whose tests compare them.
    let included = read("crates/kit/src/lib.rs")?
        + &read("crates/kit-config/src/lib.rs")?
        + &read("examples/00_tutorial/tests/chapter/chapter.rs")?;
    let mut problems = Vec::new();
    for entry in root().join("docs/src").read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let is_chapter = Path::new(&name).extension().is_some_and(|end| end == "md");
        if !is_chapter || name == "SUMMARY.md" {
            continue;
        }
        if !summary.contains(&format!("({name})")) {
            problems.push(format!("docs/src/SUMMARY.md does not list {name}"));
        }
        let has_rust = has_own_rust(&read(&format!("docs/src/{name}"))?);
        if has_rust && !included.contains(&format!("docs/src/{name}")) {
            problems.push(format!(
                "the Rust in docs/src/{name} is not compiled: include it in crates/kit/src/lib.rs, \
                 or in crates/kit-config/src/lib.rs"
            ));
        }
    }
    Ok(problems)
}

/// Whether a page has Rust that stands in no other file: what it includes is compiled there.
fn has_own_rust(page: &str) -> bool {
    let blocks = page.split("```rust").skip(1);
    let mut first_lines = blocks.filter_map(|block| block.lines().nth(1));
    first_lines.any(|line| !line.starts_with(INCLUDE))
}

/// Parts of files that a chapter includes and that are not there, such as one whose name was changed.
fn broken_includes() -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for entry in root().join("docs/src").read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let page = read(&format!("docs/src/{name}"))?;
        for (path, anchor) in includes(&page) {
            let text = fs::read_to_string(root().join("docs/src").join(path)).unwrap_or_default();
            let has_part = ["ANCHOR", "ANCHOR_END"].iter().all(|mark| {
                let line = format!("// {mark}: {anchor}");
                text.lines().any(|found| found.trim() == line)
            });
            if text.is_empty() || !(anchor.is_empty() || has_part) {
                problems.push(format!(
                    "docs/src/{name} includes {path}:{anchor}, which is not there"
                ));
            }
        }
    }
    Ok(problems)
}

const INCLUDE: &str = "{{#include ";

/// The files that a page includes, each with the name of the part, or nothing for all of it.
fn includes(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let targets = page.split(INCLUDE).skip(1);
    let targets = targets.filter_map(|rest| rest.split_once("}}").map(|(target, _)| target));
    targets.map(|target| target.split_once(':').unwrap_or((target, "")))
}

/// Links to files that are not there, so that the way through the code is right after each move.
fn broken_links() -> Result<Vec<String>> {
    let mut pages = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for entry in root().join("docs/src").read_dir()? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        pages.push(format!("docs/src/{name}"));
    }
    let mut problems = Vec::new();
    for page in pages {
        let text = read(&page)?;
        let folder = root().join(&page);
        let folder = folder.parent().unwrap_or(&folder);
        let broken = links(&text).filter(|link| !folder.join(link).exists());
        problems.extend(broken.map(|link| format!("{page} links to {link}, which is not there")));
    }
    problems.sort();
    Ok(problems)
}

/// The files that a page links to, without the place inside them.
fn links(page: &str) -> impl Iterator<Item = &str> {
    let targets = page.split("](").skip(1);
    let targets = targets.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let files = targets.map(|target| target.split('#').next().unwrap_or(target));
    files.filter(|file| !file.is_empty() && !file.contains("://") && !file.contains(' '))
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path))
        .map_err(|error| format!("could not read {path}: {error}").into())
}

#[cfg(test)]
mod tests {
    use super::{declared, has_own_rust, includes, justified, links, twice, uses};

    #[test]
    fn only_foreign_dependencies_of_the_workspace_need_a_reason() {
        let manifest = "[workspace]\nresolver = \"3\"\n[workspace.dependencies]\n\
            kit = { path = \"crates/kit\" }\n# a comment = 1\nbytes = \"1\"\n\
            http = { version = \"1\" }\n[profile.dev]\ndebug = 1\n";
        let names: Vec<_> = declared(manifest).into_iter().collect();
        assert_eq!(names, ["bytes", "http"]);
    }

    #[test]
    fn a_dependency_is_used_in_either_spelling_and_not_by_its_prefix() {
        assert!(uses("[dependencies]\ntower.workspace = true\n", "tower"));
        assert!(uses(
            "tower = { workspace = true, optional = true }\n",
            "tower"
        ));
        assert!(!uses("tower-service.workspace = true\n", "tower"));
    }

    #[test]
    fn a_row_without_words_is_no_reason() {
        let page = "| crate | why |\n|---|---|\n| `bytes` | buffers |\n| `http` | |\n";
        let names: Vec<_> = justified(page).into_iter().collect();
        assert_eq!(names, ["bytes"]);
    }

    #[test]
    fn a_dependency_with_two_rows_is_named() {
        let page = "| `bytes` | buffers |\n| `http` | types |\n| `bytes` | more buffers |\n";
        assert_eq!(twice(page).into_iter().collect::<Vec<_>>(), ["bytes"]);
    }

    #[test]
    fn rust_that_is_included_is_compiled_elsewhere() {
        let page = "```rust\n{{#include ../a.rs:b}}\n```\n```lua\n{{#include c.lua}}\n```\n";
        assert!(!has_own_rust(page));
        assert!(has_own_rust(&format!("{page}```rust\nlet x = 1;\n```\n")));
        let included: Vec<_> = includes(page).collect();
        assert_eq!(included, [("../a.rs", "b"), ("c.lua", "")]);
    }

    #[test]
    fn links_to_files_are_found_and_those_to_sites_and_places_are_not() {
        let page = "[a](a.md#b), [`c`](../c.rs)\n[d](https://d.org/e) [f](#g) x](y z)";
        assert_eq!(links(page).collect::<Vec<_>>(), ["a.md", "../c.rs"]);
    }
}
