//! The files of the chapter beside those of this package.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::chapter::{Chapter, Part};

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// What a reader makes beside the sources: the manifest, which is compared by its own test, and settings.
const NO_SOURCES: [&str; 3] = ["Cargo.toml", "config/greeter.toml", "config/wrong.toml"];

/// Compares each source with the file of its step, and finds files that the chapter does not show.
pub(crate) fn compare(chapter: &Chapter) {
    let mut shown = BTreeSet::new();
    for step in &chapter.steps {
        for part in &step.parts {
            let Part::File { path, text } = part else {
                continue;
            };
            if NO_SOURCES.contains(&path.as_str()) {
                continue;
            }
            let file = match path.strip_prefix("src/") {
                Some(name) => format!("src/step_{}/{name}", step.number),
                None => path.clone(),
            };
            let source = read(&file);
            assert_eq!(
                *text,
                as_a_reader_has_it(&source, step.number),
                "{path} of step {} in the chapter (left) is not {file} (right)",
                step.number
            );
            shown.insert(file);
        }
    }
    let all = ["src", "proto"].into_iter().flat_map(below);
    let not_shown: Vec<_> = all
        .filter(|file| file != "src/main.rs" && !shown.contains(file))
        .collect();
    assert_eq!(not_shown, [""; 0], "files that the chapter does not show");
}

/// A source without what makes it a part of this package: `main` is called by that of the package, and a module that
/// the step does not change is a file of an earlier step, the last one that has changed it.
fn as_a_reader_has_it(source: &str, step: usize) -> String {
    let mut text = String::new();
    let mut at: Option<&str> = None;
    for line in source.lines() {
        if let Some(path) = line.strip_prefix("#[path = \"../") {
            at = path.strip_suffix("\"]");
            continue;
        }
        if let Some(module) = line
            .strip_prefix("mod ")
            .and_then(|line| line.strip_suffix(';'))
        {
            assert_eq!(
                at.take().unwrap_or_default(),
                newest(module, step),
                "{module}, step {step}"
            );
        }
        text += &line.replace("pub(crate) fn main()", "fn main()");
        text.push('\n');
    }
    text
}

/// The file of the module in an earlier step; nothing when it is one of this step.
fn newest(module: &str, step: usize) -> String {
    let file = |step| format!("step_{step}/{module}.rs");
    let has = |step: &usize| Path::new(PACKAGE).join("src").join(file(*step)).exists();
    match (1..=step).rev().find(has) {
        Some(found) if found < step => file(found),
        _ => String::new(),
    }
}

fn below(folder: &str) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in Path::new(PACKAGE)
            .join(&folder)
            .read_dir()
            .expect("a folder")
        {
            let entry = entry.expect("an entry");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else {
                files.push(path.to_str().expect("a name in UTF-8").to_owned());
            }
        }
    }
    files
}

fn read(file: &str) -> String {
    let path = Path::new(PACKAGE).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A reader's dependencies are those of this package, in versions that the workspace's satisfy.
pub(crate) fn compare_manifest(chapter: &Chapter) {
    let files = chapter.files(0);
    let (_, text) = files
        .iter()
        .find(|(path, _)| *path == "Cargo.toml")
        .expect("a manifest");
    let shown: Table = text.parse().expect("TOML");
    let ours: Table = read("Cargo.toml").parse().expect("TOML");
    let workspace: Table = read("../../Cargo.toml").parse().expect("TOML");
    let workspace = &workspace["workspace"]["dependencies"];
    let package = &shown["package"];
    assert_eq!(package["version"].as_str(), Some(env!("CARGO_PKG_VERSION")));

    for section in ["dependencies", "build-dependencies"] {
        let shown = dependencies(&shown[section], None);
        let ours = dependencies(&ours[section], Some(workspace));
        let names = [&shown, &ours].map(|all| all.keys().collect::<Vec<_>>());
        assert_eq!(names[0], names[1], "[{section}]: the chapter's on the left");
        for (name, shown) in &shown {
            let ours = &ours[name];
            // The workspace switches on features of others' crates for other members.
            let is_right = if name.starts_with("kit") {
                shown == ours
            } else {
                shown
                    .iter()
                    .all(|feature| feature == "default" || ours.contains(feature))
            };
            assert!(
                is_right,
                "{name}: the chapter has {shown:?}, this package {ours:?}"
            );
        }
    }
    // The tests of this package need more than those of the reader.
    let ours = dependencies(&ours["dev-dependencies"], Some(workspace));
    for (name, value) in shown["dev-dependencies"].as_table().expect("a table") {
        let ours = ours.get(name).unwrap_or_else(|| panic!("no {name} here"));
        let missing: Vec<_> = features(value)
            .filter(|feature| !ours.contains(feature))
            .collect();
        assert_eq!(missing, [""; 0], "features of {name}");
    }
    for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for (name, value) in shown[section].as_table().expect("a table") {
            let wanted = version(value);
            let given = version(&workspace[name.as_str()]);
            let is_given = wanted.is_none_or(|wanted| {
                let given = given.expect("a version");
                given == wanted || given.starts_with(&format!("{wanted}."))
            });
            assert!(
                is_given,
                "{name}: the chapter has {wanted:?}, the workspace {given:?}"
            );
        }
    }
}

/// The features of each, those by default as one with this name; `base` has what a workspace adds.
fn dependencies(section: &Value, base: Option<&Value>) -> BTreeMap<String, BTreeSet<String>> {
    let section = section.as_table().expect("a table");
    let one = |(name, value): (&String, &Value)| {
        let base = base.map(|base| &base[name.as_str()]);
        let mut features: BTreeSet<_> = features(value).collect();
        features.extend(base.into_iter().flat_map(self::features));
        let asked = base.unwrap_or(value).get("default-features");
        if asked.is_none_or(|asked| asked.as_bool() == Some(true)) {
            features.extend(by_default(name));
        }
        (name.clone(), features)
    };
    section.iter().map(one).collect()
}

/// The default features of Kit's own crates are known by name; of others it is enough that both have them.
fn by_default(name: &str) -> Vec<String> {
    if !name.starts_with("kit") {
        return vec!["default".to_owned()];
    }
    let manifest: Table = read(&format!("../../crates/{name}/Cargo.toml"))
        .parse()
        .expect("TOML");
    let features = manifest
        .get("features")
        .and_then(|all| all.get("default")?.as_array());
    let features = features.into_iter().flatten();
    features
        .map(|name| name.as_str().expect("a name").to_owned())
        .collect()
}

fn features(value: &Value) -> impl Iterator<Item = String> {
    let features = value.get("features").and_then(Value::as_array);
    let features = features.into_iter().flatten();
    features.map(|name| name.as_str().expect("a name").to_owned())
}

fn version(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value.get("version")?.as_str())
}
