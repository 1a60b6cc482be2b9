//! `cargo xtask interop`: Kit beside Kratos, each as client and as server of the other.
//!
//! The programs of Kratos are built into `target/interop`; `tests/interop` starts them. Part of `cargo
//! xtask test --long`, where a machine without Go is named as such, which under `CI` is a failure;
//! asked for by name, it needs Go.

use std::fs;
use std::path::PathBuf;

use crate::Result;
use crate::cargo::{command, output, root, run as run_command, target};
use crate::step::Steps;
use crate::{conformance, test, tools};

/// The module of each program, with the variable by which the tests find it.
const PROGRAMS: [(&str, &str); 2] = [
    ("kratos-v2", "KIT_KRATOS_V2"),
    ("kratos-v3", "KIT_KRATOS_V3"),
];
/// Names the built helloworld for the tests.
const HELLOWORLD: &str = "KIT_HELLOWORLD";
/// The module that has the tests, and so the beginning of their names.
pub(crate) const TESTS: &str = "beside_kratos::";

/// Those of them that need a registry; the next part of a name is `through_etcd::` or `through_consul::`.
const IN_REGISTRIES: &str = "beside_kratos::registries::";

pub(crate) fn run() -> Result {
    tools::go()?;
    check()
}

/// As a part of all tests.
pub(crate) fn check() -> Result {
    let mut steps = Steps::default();
    steps.with("interop: calls", programs(), |programs| {
        run_tests(&programs, &[TESTS, "--skip", IN_REGISTRIES])
    });
    steps.with("interop: registry in etcd", in_etcd(), |programs| {
        run_tests(&programs, &[&format!("{IN_REGISTRIES}through_etcd::")])
    });
    steps.with("interop: registry in Consul", in_consul(), |programs| {
        run_tests(&programs, &[&format!("{IN_REGISTRIES}through_consul::")])
    });
    steps.finish()
}

/// Programs, each with the variable by which the tests find it.
type Programs = Vec<(&'static str, PathBuf)>;

fn in_etcd() -> Result<Programs> {
    let mut programs = with_helloworld()?;
    programs.extend(tools::test_programs()?);
    Ok(programs)
}

/// Consul is the one that `cargo xtask conformance` uses.
fn in_consul() -> Result<Programs> {
    let mut programs = with_helloworld()?;
    programs.push((conformance::CONSUL, conformance::consul()?));
    Ok(programs)
}

fn with_helloworld() -> Result<Programs> {
    let mut programs = programs()?;
    run_command(test::workspace("build").args(["--bin", "helloworld"]))?;
    programs.push((HELLOWORLD, target().join("debug").join("helloworld")));
    Ok(programs)
}

/// What Kratos writes and reads, as a test of kit-registry expects it.
const GOLDEN: &str = "crates/kit-registry/tests/golden/kratos.json";

/// Builds the programs, in the versions that their `go.sum` pins, and compares the golden file with what
/// they print. Go keeps what it has built.
fn programs() -> Result<Programs> {
    let folder = target().join("interop");
    fs::create_dir_all(&folder)?;
    let go = tools::go()?;
    let mut programs = Vec::new();
    let golden = fs::read(root().join(GOLDEN))?;
    for (module, variable) in PROGRAMS {
        let module_folder = root().join("interop").join(module);
        let printed = output(
            command(&go)
                .current_dir(&module_folder)
                .args(["run", "./golden"]),
        )?;
        if printed.as_bytes() != golden {
            return Err(
                format!("`go run ./golden` in interop/{module} prints another {GOLDEN}").into(),
            );
        }
        let program = folder.join(module);
        output(
            command(&go)
                .current_dir(&module_folder)
                .args(["build", "-o"])
                .args([program.as_os_str(), ".".as_ref()]),
        )?;
        programs.push((variable, program));
    }
    Ok(programs)
}

/// Runs those whose names begin as `chosen` says, which may end with arguments of the tests' harness.
fn run_tests(programs: &Programs, chosen: &[&str]) -> Result {
    run_command(
        // With the features of all other tests, so that nothing is compiled a second time.
        test::workspace("test")
            .args(["--test", "kratos", "--", "--ignored"])
            .args(chosen)
            .envs(programs.iter().cloned()),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::PROGRAMS;
    use crate::cargo::root;

    /// The files in which the versions of Kratos differ by more than their number.
    const OWN: [&str; 2] = ["dial.go", "tracing.go"];

    /// The Go files of a folder and below it, by their paths.
    fn files(folder: &Path, below: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                files(&entry.path(), &format!("{name}/"), found);
            } else if name.ends_with(".go") {
                found.insert(name, fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    #[test]
    fn the_programs_of_both_versions_are_the_same_but_for_the_version() {
        let [old, new] = PROGRAMS.map(|(module, _)| {
            let mut found = BTreeMap::new();
            files(&root().join("interop").join(module), "", &mut found);
            found
        });
        let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&old), names(&new));
        for name in OWN {
            assert!(old.contains_key(name), "{name} is not there");
        }
        let shared = old.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
        for (name, text) in shared {
            let (mut text, other) = (text.clone(), &new[name]);
            for before in ["kratos-v", "kratos/v", "Kratos v"] {
                text = text.replace(&format!("{before}2"), &format!("{before}3"));
            }
            let differs = text
                .lines()
                .zip(other.lines())
                .find(|(one, two)| one != two);
            assert_eq!(differs, None, "{name}");
            assert_eq!(text.lines().count(), other.lines().count(), "{name}");
        }
    }
}
