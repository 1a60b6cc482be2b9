//! The house in numbers: what `cargo xtask lint house --table` prints.

use super::finding::{Finding, Rule};
use super::list::COUNTED;
use super::tree::Crate;
use super::{circles, structs, words};

pub(super) fn print(crates: &[Crate], findings: &[Finding]) {
    let libraries: Vec<_> = crates.iter().filter(|of| of.is_library()).collect();
    largest(&libraries);
    per_crate(&libraries, findings);
    kit_sync(&libraries);
    words(&libraries);
}

fn largest(crates: &[&Crate]) {
    println!(
        "| largest state types | file | fields | with those inside, in its file | in its crate |\n|---|---|---|---|---|"
    );
    let mut all: Vec<_> = crates
        .iter()
        .flat_map(|of| {
            structs::sizes(of)
                .into_iter()
                .map(|(one, size)| (*of, one, size))
        })
        .collect();
    all.sort_by_key(|(_, one, size)| (std::cmp::Reverse(size.file), one.name.clone()));
    for (of, one, size) in all.iter().take(5) {
        println!(
            "| `{}` | {} | {} | {} | {} |",
            one.name, of.files[one.file].path, size.own, size.file, size.whole
        );
    }
    all.sort_by_key(|(_, one, size)| (std::cmp::Reverse(size.own), one.name.clone()));
    println!("\n| by their own fields | file | fields |\n|---|---|---|");
    for (of, one, size) in all.iter().take(5) {
        println!(
            "| `{}` | {} | {} |",
            one.name, of.files[one.file].path, size.own
        );
    }
}

/// One row for each crate: sizes first, then the number of findings of each rule. `pub(in` and its
/// neighbours are counted by line, as `grep -c` does.
fn per_crate(crates: &[&Crate], findings: &[Finding]) {
    println!(
        "\n| crate | files | `pub(in` | `pub(crate)`, `pub(super)` | `super::super` | `cfg(feature` | files in circles (each) | impls apart | questions | times | names twice | functions | fields |"
    );
    println!("|{}", "---|".repeat(13));
    for of in crates {
        let lines = |words: &[&str]| {
            let files = of.files.iter().filter(|file| file.path.contains("/src/"));
            let lines = files.flat_map(|file| file.text.lines());
            lines
                .filter(|line| words.iter().any(|word| line.contains(word)))
                .count()
        };
        let found = |rule| {
            let prefix = format!("crates/{}/", of.name);
            findings
                .iter()
                .filter(|finding| finding.rule == rule && finding.path.starts_with(&prefix))
                .count()
        };
        let circles = circles::circles(&circles::uses(of));
        let sizes: Vec<_> = circles
            .iter()
            .map(|circle| circle.len().to_string())
            .collect();
        println!(
            "| {} | {} | {} | {} | {} | {} | {} ({}) | {} | {} | {} | {} | {} | {} |",
            of.name,
            of.product().count(),
            lines(&["pub(in"]),
            lines(&["pub(crate)", "pub(super)"]),
            lines(&["super::super"]),
            lines(&[
                "cfg(feature",
                "cfg(any(feature",
                "cfg(all(feature",
                "cfg(not(feature"
            ]),
            circles
                .iter()
                .map(std::collections::BTreeSet::len)
                .sum::<usize>(),
            sizes.join(", "),
            found(Rule::Impls),
            found(Rule::Questions),
            found(Rule::Times),
            found(Rule::Names),
            found(Rule::Functions),
            found(Rule::Fields),
        );
    }
}

fn kit_sync(crates: &[&Crate]) {
    let Some(of) = crates.iter().find(|of| of.name == "kit-sync") else {
        return;
    };
    let src = || of.files.iter().filter(|file| file.path.contains("/src/"));
    let all: usize = src().map(|file| file.text.lines().count()).sum();
    let product: usize = of
        .product()
        .map(|(_, file)| file.source.product_lines(&file.text))
        .sum();
    let bounded = of
        .product()
        .filter(|(_, file)| file.path.contains("/src/bounded"));
    let bounded: usize = bounded
        .map(|(_, file)| file.source.product_lines(&file.text))
        .sum();
    println!("\n| kit-sync | lines |\n|---|---|");
    println!(
        "| all of src | {all} |\n| without models and tests | {product} |\n| of these bounded | {bounded} |"
    );
}

fn words(crates: &[&Crate]) {
    let names: Vec<_> = crates.iter().map(|of| of.name.as_str()).collect();
    println!(
        "\n| words in comments of src | {} | all |",
        names.join(" | ")
    );
    println!("|---|{}---|", "---|".repeat(names.len()));
    for (name, spellings) in COUNTED {
        let counts: Vec<_> = crates.iter().map(|of| count(of, spellings)).collect();
        let columns: Vec<_> = counts.iter().map(ToString::to_string).collect();
        println!(
            "| {name} | {} | {} |",
            columns.join(" | "),
            counts.iter().sum::<usize>()
        );
    }
}

/// How often these words stand in the comments of a crate's `src`.
fn count(of: &Crate, spellings: &[&str]) -> usize {
    let files = of.files.iter().filter(|file| file.path.contains("/src/"));
    let comments = files.flat_map(|file| &file.source.comments);
    comments
        .map(|comment| words::count(&comment.text, spellings))
        .sum()
}
