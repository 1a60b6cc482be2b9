//! The versions of crates: a service is built with those that Kit is tried with.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::Result;

/// The requirements of the root manifest, by the names of the crates.
pub(crate) fn of_workspace(kit: &Path) -> Result<BTreeMap<String, String>> {
    let manifest: Table = fs::read_to_string(kit.join("Cargo.toml"))?.parse()?;
    let workspace = manifest["workspace"].as_table().ok_or("no workspace")?;
    let mut versions = requirements(&workspace["dependencies"]);
    let package = workspace["package"].as_table().ok_or("no package")?;
    for key in KEYS {
        let value = package[key].as_str().ok_or("no text")?;
        versions.insert(key.to_owned(), value.to_owned());
    }
    Ok(versions)
}

/// Of the package itself.
const KEYS: [&str; 2] = ["edition", "rust-version"];

/// Requirements of a service that are others than those of the workspace.
pub(crate) fn check(service: &Path, versions: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let manifest: Table = fs::read_to_string(service.join("Cargo.toml"))?.parse()?;
    let package = manifest["package"].as_table().ok_or("no package")?;
    let mut own: Vec<_> = KEYS
        .iter()
        .map(|key| {
            (
                (*key).to_owned(),
                package[*key].as_str().unwrap_or("").to_owned(),
            )
        })
        .collect();
    for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
        own.extend(manifest.get(table).map(requirements).unwrap_or_default());
    }
    let differs = |(name, version): &(String, String)| versions.get(name) != Some(version);
    let wrong = own.into_iter().filter(differs);
    Ok(wrong
        .map(|(name, version)| {
            let right = versions.get(&name);
            format!("Cargo.toml has {name} {version}, and the workspace {right:?}")
        })
        .collect())
}

/// Those that have a version: Kit has none.
fn requirements(table: &Value) -> BTreeMap<String, String> {
    let table = table.as_table().into_iter().flatten();
    let versions = table
        .filter(|(_, value)| value.get("path").is_none())
        .filter_map(|(name, value)| {
            let version = value.as_str().or_else(|| value.get("version")?.as_str())?;
            Some((name.clone(), version.to_owned()))
        });
    versions.collect()
}
