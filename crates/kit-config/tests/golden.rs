//! Broken configurations, each with the exact message.
//!
//! Each folder of `tests/golden` is one: its files, `run.txt` with what the binary does (one call a line;
//! without it, `file orders.toml`; the first line `options` is for settings with options of Kit), and `want.txt` with the message. Run with `KIT_GOLDEN=accept` to write
//! what is said now into `want.txt`, and read the difference in the commit.

use std::fs;
use std::path::{Path, PathBuf};

use kit_config::{Rules, Settings};

#[path = "support/orders.rs"]
mod orders;
#[path = "support/service.rs"]
mod service;

use orders::Orders;
use service::Service;

/// What a binary with these settings says; it reads the files of the folder that it runs in.
fn run<T: Rules>(script: &str) -> String {
    let mut settings = Settings::<T>::new();
    let mut variables = Vec::new();
    for line in script.lines().filter(|line| !line.is_empty()) {
        let (call, rest) = line.split_once(' ').unwrap_or((line, ""));
        settings = match call {
            "file" => settings.file(rest),
            "optional-file" => settings.optional_file(rest),
            "directory" => settings.directory(rest),
            "profile" => settings.profile(rest),
            "environment" => settings.environment(rest),
            "set" => settings.set(rest),
            "flag" => {
                let mut words = rest.splitn(3, ' ');
                let mut word = || words.next().expect("a key, a flag and a value");
                settings.flag(word(), word(), word())
            }
            "variable" => {
                let (name, value) = rest.split_once('=').expect("NAME=value");
                variables.push((name.to_owned(), value.to_owned()));
                settings
            }
            other => panic!("there is no call {other:?}"),
        };
    }
    match settings.variables(variables).load() {
        Ok(loaded) => {
            let warnings = loaded.warnings().iter();
            let warnings: String = warnings
                .map(|warning| format!("\nwarning: {warning}\n"))
                .collect();
            format!("no mistake\n{warnings}")
        }
        Err(error) => format!("{error}\n"),
    }
}

#[test]
fn each_broken_configuration_gets_its_message() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folders = fs::read_dir(&golden).expect("the golden set");
    let mut folders: Vec<PathBuf> = folders
        .map(|folder| folder.expect("a folder").path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 40, "{} configurations", folders.len());
    let is_accepted = std::env::var_os("KIT_GOLDEN").is_some_and(|value| value == "accept");
    let mut differences = String::new();
    for folder in &folders {
        // The only test of this binary, so that nothing else depends on the directory.
        std::env::set_current_dir(folder).expect("a folder");
        let script =
            fs::read_to_string("run.txt").unwrap_or_else(|_| "file orders.toml".to_owned());
        let said = match script.strip_prefix("options\n") {
            Some(script) => run::<Service>(script),
            None => run::<Orders>(&script),
        };
        let want = fs::read_to_string("want.txt").unwrap_or_default();
        if said == want {
            continue;
        }
        if is_accepted {
            fs::write("want.txt", &said).expect("a file");
        }
        let name = folder.file_name().unwrap_or_default().display();
        differences += &format!("== {name}\n-- wanted\n{want}-- said\n{said}\n");
    }
    assert!(is_accepted || differences.is_empty(), "\n{differences}");
    print!("{differences}");
}
