//! Packages as they would be published: with all that a reader of the registry needs, and complete.
//!
//! The workspace is `publish = false` until its crates have names that are free, and cargo makes no package
//! that depends on such a crate. So the packages are made from a copy in `target/package-check` that allows
//! it; cargo unpacks each package there and builds it, which a file that was left out would break.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::bounded::run_within;
use crate::cargo::{cargo, root, target};

/// Crates that are never published.
const PRIVATE: [&str; 2] = ["kit-test-support", "kit-testing"];
/// What cargo refuses to publish without, and what a page of the registry and docs.rs are poor without.
const WANTED: [&str; 8] = [
    "description = ",
    "version.workspace = true",
    "license.workspace = true",
    "rust-version.workspace = true",
    "readme",
    "keywords = ",
    "categories = ",
    "[package.metadata.docs.rs]\nall-features = true",
];
/// The most keywords and categories that crates.io takes, and the longest keyword.
const MOST: usize = 5;
const LONGEST_KEYWORD: usize = 20;
/// For a build of all crates and their dependencies on a busy machine.
const LIMIT: Duration = Duration::from_secs(20 * 60);

pub(crate) fn check() -> Result {
    let mut problems = Vec::new();
    for entry in root().join("crates").read_dir()? {
        let folder = entry?.path();
        let manifest = folder.join("Cargo.toml");
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !manifest.is_file() || PRIVATE.contains(&&*name) {
            continue;
        }
        let text = fs::read_to_string(manifest)?;
        problems.extend(wrong(&text).map(|wrong| format!("crates/{name}/Cargo.toml: {wrong}")));
        if text.contains("readme = \"README.md\"") && !folder.join("README.md").is_file() {
            problems.push(format!("crates/{name}/README.md does not exist"));
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("; ").into());
    }
    make()
}

/// What a manifest lacks or has too much of.
fn wrong(manifest: &str) -> impl Iterator<Item = String> {
    let lacks = WANTED
        .iter()
        .filter(|wanted| !manifest.contains(**wanted))
        .map(|wanted| format!("there is no `{}`", wanted.trim_end_matches(" = ")));
    let lists = ["keywords", "categories"].into_iter().flat_map(|list| {
        let words = words(manifest, list);
        let many = (words.len() > MOST).then(|| format!("more than {MOST} {list}"));
        let long = words
            .into_iter()
            .filter(|word| list == "keywords" && word.len() > LONGEST_KEYWORD)
            .map(|word| format!("the keyword `{word}` is longer than {LONGEST_KEYWORD}"))
            .collect::<Vec<_>>();
        many.into_iter().chain(long)
    });
    lacks.chain(lists).collect::<Vec<_>>().into_iter()
}

/// The texts of a list on one line.
fn words(manifest: &str, list: &str) -> Vec<String> {
    let begin = format!("{list} = [");
    let line = manifest.lines().find_map(|line| line.strip_prefix(&begin));
    let quoted = line.unwrap_or_default().split('"').skip(1).step_by(2);
    quoted.map(ToOwned::to_owned).collect()
}

/// Makes the packages from a copy, and builds each from its own files. The build is kept for the next time.
fn make() -> Result {
    let copy = target().join("package-check");
    let sources = copy.join("workspace");
    if sources.exists() {
        fs::remove_dir_all(&sources)?;
    }
    fs::create_dir_all(&sources)?;
    copy_folder(&root().join("crates"), &sources.join("crates"))?;
    for file in ["Cargo.lock", "README.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        fs::copy(root().join(file), sources.join(file))?;
    }
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    // Cargo keeps what it has unpacked by name and version: with those of the last time it would build its files.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let check = format!("package-check.{}", now.as_secs());
    fs::write(sources.join("Cargo.toml"), publishable(&manifest, &check)?)?;

    let mut package = cargo();
    package.current_dir(&sources);
    package.args(["package", "--workspace", "--allow-dirty"]);
    for name in PRIVATE {
        package.args(["--exclude", name]);
    }
    package.env("CARGO_TARGET_DIR", copy.join("target"));
    let (status, printed) = run_within(LIMIT, &mut package, &copy.join("log"))?;
    if !status.success() {
        return Err(format!("`cargo package` failed: {status}\n{printed}").into());
    }
    let packaged = printed.lines().map(str::trim);
    for line in
        packaged.filter(|line| line.starts_with("Packaging") || line.starts_with("Packaged"))
    {
        println!("{line}");
    }
    Ok(())
}

/// The root manifest, of the library crates alone, and so that they may be published. Their version is one that
/// no registry has: the names are not ours yet, and cargo would take another crate of the same name and a
/// higher version in place of the package beside it. `check` is its end.
fn publishable(manifest: &str, check: &str) -> Result<String> {
    let version = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    let version = version.ok_or("the root manifest has no line `version = \"…\"`")?;
    let ours = format!("version = \"{version}\"");
    let mut text = String::new();
    let mut changed = 0;
    for line in manifest.lines() {
        let new = if line.starts_with("members = ") {
            "members = [\"crates/*\"]".to_owned()
        } else if line == "publish = false" {
            "publish = true".to_owned()
        } else if line == ours {
            format!("version = \"{version}-{check}\"")
        } else if line.starts_with("default-members = ") {
            continue;
        } else {
            let needed = usize::from(line.contains("path = \"crates/"));
            line.replacen(&ours, &format!("version = \"={version}-{check}\""), needed)
        };
        changed += usize::from(new != line && !line.contains("path = "));
        text += &new;
        text.push('\n');
    }
    if changed == 3 {
        Ok(text)
    } else {
        Err("the root manifest has no line `members = …`, or no `publish = false`".into())
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result {
    fs::create_dir_all(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy_folder(&from, &to)?;
        } else {
            fs::copy(&from, &to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{publishable, words, wrong};

    #[test]
    fn a_manifest_that_lacks_something_is_refused_by_the_name_of_it() {
        let whole = "description = \"d\"\nversion.workspace = true\nlicense.workspace = true\n\
                     rust-version.workspace = true\nreadme = \"README.md\"\nkeywords = [\"a\", \"b\"]\n\
                     categories = [\"asynchronous\"]\n[package.metadata.docs.rs]\nall-features = true\n";
        assert_eq!(wrong(whole).count(), 0);
        let poor = whole.replace("keywords", "words");
        assert_eq!(wrong(&poor).collect::<Vec<_>>(), ["there is no `keywords`"]);
        let long = whole.replace(
            "\"b\"",
            "\"b\", \"c\", \"d\", \"e\", \"structured-concurrency\"",
        );
        assert_eq!(
            wrong(&long).collect::<Vec<_>>(),
            [
                "more than 5 keywords",
                "the keyword `structured-concurrency` is longer than 20"
            ]
        );
    }

    #[test]
    fn the_words_of_a_list_are_those_between_quotes() {
        assert_eq!(
            words("keywords = [\"a\", \"b-c\"]\n", "keywords"),
            ["a", "b-c"]
        );
        assert!(words("", "keywords").is_empty());
    }

    #[test]
    fn the_copy_is_of_the_libraries_and_may_be_published() {
        let manifest = "members = [\"crates/*\", \"xtask\"]\ndefault-members = [\"crates/*\"]\n\
            version = \"0.1.0\"\npublish = false\nkit = { path = \"crates/kit\", version = \"0.1.0\" }\n\
            other = { version = \"0.1.0\" }\n";
        let copy = publishable(manifest, "package-check").expect("it has all lines");
        assert_eq!(
            copy,
            "members = [\"crates/*\"]\nversion = \"0.1.0-package-check\"\npublish = true\n\
             kit = { path = \"crates/kit\", version = \"=0.1.0-package-check\" }\n\
             other = { version = \"0.1.0\" }\n"
        );
        assert!(publishable("members = []\n", "c").is_err());
        assert!(publishable("version = \"0.1.0\"\nmembers = []\n", "c").is_err());
    }
}
