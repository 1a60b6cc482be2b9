//! cargo-mutants, in a copy of the repository that may be broken at any time.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::record::Outcome;
use crate::bounded::run_within;
use crate::cargo::{cargo, command, forget_package, output, root};
use crate::step::seconds;
use crate::{Result, tools};

/// The least that tests may take before they count as hanging; else twice what they take without a
/// mutant.
const LEAST: Duration = Duration::from_secs(60);
/// For the build of a mutant, which is incremental.
const BUILD: Duration = Duration::from_secs(15 * 60);
/// For the first build, with all that a crate depends on.
const FIRST_BUILD: Duration = Duration::from_secs(60 * 60);
/// Units and integration tests. Doc tests show how something is used, and take longer than all others.
const TARGETS: &str = "--tests";

/// The tests of some crates.
pub(super) struct Suite {
    packages: Vec<String>,
    name: String,
    limit: OnceCell<std::result::Result<Duration, String>>,
}

impl Suite {
    pub(super) fn new(packages: &[&str]) -> Self {
        Self {
            packages: packages.iter().map(|name| (*name).to_owned()).collect(),
            name: packages.join("+"),
            limit: OnceCell::new(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What the tests may take with a mutant. Asked for the first time, runs them without one: tests
    /// that fail by themselves would catch everything.
    pub(super) fn limit(&self, mutants: &Mutants) -> Result<Duration> {
        let limit = self.limit.get_or_init(|| {
            let took = mutants.baseline(self).map_err(|error| error.to_string())?;
            println!("==> tests of {}: {}", self.name, seconds(took));
            Ok(LEAST.max(took * 2))
        });
        Ok(limit.clone()?)
    }
}

/// The tool, the copy that it works in, and what it makes of one crate.
pub(super) struct Mutants {
    package: String,
    program: PathBuf,
    folder: PathBuf,
    tree: PathBuf,
    commit: String,
    /// Variables that name the servers which tests start.
    servers: Vec<(&'static str, PathBuf)>,
    /// `FILE:LINE:COLUMN: replace … with …`, in the order of the tool.
    names: Vec<String>,
}

impl Mutants {
    /// Makes a copy of the repository at a commit, or brings the one that there is to it. The copy keeps its
    /// own `target`, so that each mutant is an incremental build, and a run that is killed leaves the
    /// repository as it was.
    pub(super) fn prepare(package: &str, commit: &str, folder: &Path) -> Result<Self> {
        let program = tools::cargo_mutants()?;
        let servers = tools::test_programs()?;
        fs::create_dir_all(folder)?;
        let tree = folder.join("tree");
        if !tree.join(".git").is_dir() {
            output(
                command("git")
                    .args(["clone", "--quiet", "--shared", "--no-checkout"])
                    .args([root().as_path(), &tree]),
            )?;
        }
        let commit = format!("{commit}^{{commit}}");
        let commit = output(command("git").args(["rev-parse", "--verify", &commit]))?;
        let commit = commit.trim().to_owned();
        let git = |arguments: &[&str]| output(command("git").arg("-C").arg(&tree).args(arguments));
        // A shared clone sees every object of its origin's.
        git(&["checkout", "--quiet", "--force", "--detach", &commit])?;
        let changed = output(command("git").args(["status", "--porcelain"]))?;
        if !changed.trim().is_empty() {
            println!("==> mutants of {commit}; changes that are not committed are left out");
        }
        let mut mutants = Self {
            package: package.to_owned(),
            program,
            folder: folder.to_owned(),
            tree,
            commit,
            servers,
            names: Vec::new(),
        };
        let listed = output(mutants.tool().arg("--list"))?;
        mutants.names = listed.lines().map(str::to_owned).collect();
        if mutants.names.is_empty() {
            return Err(format!("cargo-mutants lists nothing for `{package}`").into());
        }
        Ok(mutants)
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn commit(&self) -> &str {
        &self.commit
    }

    /// How long the tests take without a mutant; the second time, when everything has been built.
    fn baseline(&self, suite: &Suite) -> Result<Duration> {
        let log = self.folder.join(format!("baseline-{}.log", suite.name));
        let mut took = Duration::ZERO;
        for limit in [FIRST_BUILD, BUILD] {
            let mut test = cargo();
            test.current_dir(&self.tree).env_remove("CARGO_TARGET_DIR");
            test.args(["test", "--all-features", TARGETS]);
            for package in &suite.packages {
                test.args(["--package", package]);
            }
            test.envs(self.servers.clone());
            let start = Instant::now();
            let (status, _) = run_within(limit, &mut test, &log)?;
            took = start.elapsed();
            if !status.success() {
                let log = log.display();
                let name = &suite.name;
                return Err(format!("tests of {name} fail without a mutant; see {log}").into());
            }
        }
        Ok(took)
    }

    /// Lets one mutant meet a suite.
    ///
    /// cargo-mutants changes the file in the copy, tests, and puts it back; which of its four lists
    /// then has the name is the outcome. Its exit code says the same, but not for every outcome.
    /// One mutant is chosen as a shard of size one: the tool's filters for names let some kinds of
    /// mutants through whatever their names are.
    pub(super) fn run(&self, name: &str, suite: &Suite, limit: Duration) -> Result<Outcome> {
        let at = self.names.iter().position(|listed| listed == name);
        let at = at.ok_or_else(|| format!("there is no mutant `{name}`"))?;
        // One that was killed has left its mutant there.
        let mut restore = command("git");
        restore.arg("-C").arg(&self.tree);
        output(restore.args(["checkout", "--quiet", "--force", "--", "."]))?;
        let folder = self.folder.join("last");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let mut tool = self.tool();
        tool.args(["--shard", &format!("{at}/{}", self.names.len())]);
        tool.args(["--in-place", "--baseline", "skip", "--all-features"]);
        tool.args(["--timeout", &limit.as_secs().to_string()]);
        tool.args(["--build-timeout", &BUILD.as_secs().to_string()]);
        for tested in &suite.packages {
            tool.args(["--test-package", tested]);
        }
        tool.arg("--output").arg(&folder);
        tool.args(["--", TARGETS]);
        let log = folder.join("cargo-mutants.log");
        let (status, printed) = run_within(limit + BUILD * 2, &mut tool, &log)?;
        for (list, outcome) in [
            ("caught.txt", Outcome::Caught),
            ("timeout.txt", Outcome::TimedOut),
            ("missed.txt", Outcome::Survived),
            ("unviable.txt", Outcome::Unviable),
        ] {
            let list = fs::read_to_string(folder.join("mutants.out").join(list));
            if list.is_ok_and(|list| list.lines().any(|line| line == name)) {
                return Ok(outcome);
            }
        }
        Err(format!("cargo-mutants did not run `{name}` ({status}):\n{printed}").into())
    }

    fn tool(&self) -> Command {
        let mut tool = command(&self.program);
        tool.current_dir(&self.tree);
        tool.args(["mutants", "--no-config", "--colors", "never"]);
        tool.args(["--package", &self.package]);
        tool.envs(self.servers.clone());
        forget_package(&mut tool);
        tool.env_remove("CARGO_TARGET_DIR");
        tool
    }
}
