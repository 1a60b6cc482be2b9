//! A service that was made of the template, and its checks.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{running, target_folder};
use crate::Result;
use crate::cargo::{cargo, command, output, root, run};

/// What `systemd-analyze security` calls the exposure of a service, in tenths of its 0 to 10: the rest is mostly the
/// network, which a service is there for.
const EXPOSURE: u32 = 20;

/// A service, in a folder that is named after its answers.
pub(super) struct Service {
    folder: PathBuf,
    name: String,
    pub(super) combination: String,
}

impl Service {
    /// The one whose sources are in this folder.
    pub(super) fn at(folder: &str) -> Result<Service> {
        let folder = PathBuf::from(folder);
        let last = |path: &Path| Some(path.file_name()?.to_str()?.to_owned());
        let parts = last(&folder).zip(folder.parent().and_then(last));
        let (name, combination) = parts.ok_or("the folder of a service has no name")?;
        Ok(Service {
            folder,
            name,
            combination,
        })
    }

    /// Whether the answers have this word among them.
    pub(super) fn has(&self, answer: &str) -> bool {
        self.combination.split('-').any(|word| word == answer)
    }

    /// The first `cargo fmt` of a user changes nothing.
    pub(super) fn check_format(&self) -> Result {
        run(self.cargo("fmt").arg("--check"))
    }

    /// The units, with a program that is there: whether systemd understands them, and how much of the machine they leave
    /// to the service.
    pub(super) fn check_units(&self) -> Result {
        let units = self.folder.join("deploy/systemd");
        let copies = self.folder.join("units");
        fs::create_dir_all(&copies)?;
        let mut verify = command("systemd-analyze");
        verify.args(["verify", "--man=no", "--recursive-errors=no"]);
        let mut secure = command("systemd-analyze");
        secure.args(["security", "--offline=true", "--no-pager"]);
        secure.arg(format!("--threshold={EXPOSURE}"));
        for entry in units.read_dir()? {
            let entry = entry?;
            let program = format!("/usr/local/bin/{}", self.name);
            let text = fs::read_to_string(entry.path())?.replace(&program, "/bin/true");
            let copy = copies.join(entry.file_name());
            fs::write(&copy, text)?;
            if copy.extension().is_some_and(|kind| kind == "service") {
                secure.arg(&copy);
            }
            verify.arg(copy);
        }
        let printed = verify.output()?;
        let exposed = output(&mut secure);
        fs::remove_dir_all(copies)?;
        exposed?;
        let said = String::from_utf8_lossy(&printed.stderr);
        if printed.status.success() && said.is_empty() {
            return Ok(());
        }
        Err(format!("{self}: {}: {said}", printed.status).into())
    }

    /// Without a warning, and with the versions that Kit is tried with: first as it is built, then with its tests,
    /// which switch features on that it could lack.
    pub(super) fn check(&self) -> Result {
        self.take_lock()?;
        for targets in [&[][..], &["--all-targets"]] {
            let mut clippy = self.cargo("clippy");
            clippy.args(["--quiet", "--offline"]).args(targets);
            run(clippy.args(["--", "-D", "warnings"]))?;
        }
        self.compare_lock()
    }

    pub(super) fn test(&self) -> Result {
        run(self.cargo("test").args(["--quiet", "--offline"]))
    }

    /// Starts it as `cargo run` does, asks it, and stops it.
    pub(super) fn try_run(&self) -> Result {
        run(self.cargo("build").args(["--quiet", "--offline"]))?;
        let binary = target_folder().join("debug").join(&self.name);
        running::try_it(self, binary, &self.folder)
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder
            .join("config")
            .join(format!("{}.toml", self.name))
    }

    fn cargo(&self, subcommand: &str) -> Command {
        let mut cargo = cargo();
        cargo
            .arg(subcommand)
            .current_dir(&self.folder)
            .env("CARGO_TARGET_DIR", target_folder());
        cargo
    }

    /// Gives it the lock file of the workspace, so that no registry is asked.
    fn take_lock(&self) -> Result {
        fs::copy(root().join("Cargo.lock"), self.folder.join("Cargo.lock"))?;
        Ok(())
    }

    /// Cargo takes packages out of the lock file that are not needed; it may not add others.
    fn compare_lock(&self) -> Result {
        let ours = locked(&fs::read_to_string(root().join("Cargo.lock"))?);
        let its = locked(&fs::read_to_string(self.folder.join("Cargo.lock"))?);
        let own = format!("{} 0.1.0", self.name);
        let others: Vec<_> = its
            .difference(&ours)
            .filter(|package| **package != own)
            .collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(
            format!("{self} is built with {others:?}, which are not in the lock file of Kit")
                .into(),
        )
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.combination)
    }
}

/// The packages in a lock file, each with its version.
fn locked(text: &str) -> BTreeSet<String> {
    let value = |line: &str, key| Some(line.strip_prefix(key)?.trim_matches('"').to_owned());
    let lines: Vec<_> = text.lines().collect();
    let pairs = lines.windows(2).filter_map(|pair| {
        let (name, version) = value(pair[0], "name = ").zip(value(pair[1], "version = "))?;
        Some(format!("{name} {version}"))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::{Service, locked};

    #[test]
    fn a_service_knows_its_answers_by_its_folder() {
        let service = Service::at("/tmp/both-etcd-database/order-service").expect("a folder");
        assert_eq!(service.name, "order-service");
        assert!(service.has("both") && service.has("database") && !service.has("telemetry"));
    }

    #[test]
    fn packages_of_a_lock_file_have_their_versions() {
        let text = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n\
            [[package]]\nname = \"a\"\nversion = \"2.0.0\"\ndependencies = [\n \"b\",\n]\n";
        assert_eq!(
            locked(text).into_iter().collect::<Vec<_>>(),
            ["a 1.0.0", "a 2.0.0"]
        );
    }
}
