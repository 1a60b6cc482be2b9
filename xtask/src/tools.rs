//! Programs from outside that tests and checks need: found, or installed, or named as missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::Result;
use crate::cargo::{cargo, command, output, run, target};

const CARGO_DENY: &str = "cargo-deny@0.20.2";
const CARGO_MUTANTS: &str = "27.1.0";
/// The first Go that gets by itself the version that a `go.mod` asks for.
const OLDEST_GO: (u32, u32) = (1, 21);
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// A program that tests start; a server each its own one on a free port.
struct TestProgram {
    /// In messages.
    name: &'static str,
    /// Names the binary, to the tests as well.
    variable: &'static str,
    program: &'static str,
    /// The argument at which it prints its version.
    version: &'static str,
    /// Debian's.
    package: &'static str,
    /// The path of the server that the package brings, which must not run.
    daemon: &'static str,
    service: &'static str,
    pid_file: &'static str,
    homebrew: &'static str,
}

const TEST_PROGRAMS: [TestProgram; 4] = [
    TestProgram {
        name: "server of etcd",
        variable: "KIT_ETCD",
        program: "etcd",
        version: "--version",
        package: "etcd-server",
        daemon: "/usr/bin/etcd",
        service: "etcd",
        pid_file: "/run/etcd.pid",
        homebrew: "etcd",
    },
    TestProgram {
        name: "server of Redis",
        variable: "KIT_REDIS",
        program: "redis-server",
        version: "--version",
        package: "redis-server",
        daemon: "/usr/bin/redis-server",
        service: "redis-server",
        pid_file: "/run/redis/redis-server.pid",
        homebrew: "redis",
    },
    TestProgram {
        name: "promtool of Prometheus",
        variable: "KIT_PROMTOOL",
        program: "promtool",
        version: "--version",
        package: "prometheus",
        daemon: "/usr/bin/prometheus",
        service: "prometheus",
        pid_file: "/run/prometheus/prometheus.pid",
        homebrew: "prometheus",
    },
    NGINX,
];

/// The balancer before services that are restarted.
const NGINX: TestProgram = TestProgram {
    name: "nginx",
    variable: "KIT_NGINX",
    program: "nginx",
    version: "-v",
    package: "nginx-light",
    daemon: "/usr/sbin/nginx",
    service: "nginx",
    pid_file: "/run/nginx.pid",
    homebrew: "nginx",
};

/// The programs that tests start, as variables for them: each is the one that the variable names, else
/// the one on the `PATH`, else Debian's package.
pub(crate) fn test_programs() -> Result<Vec<(&'static str, PathBuf)>> {
    let mut found = Vec::new();
    for program in &TEST_PROGRAMS {
        let path = program.find()?;
        println!("==> {}: {}", program.name, path.display());
        found.push((program.variable, path));
    }
    Ok(found)
}

/// The one of the tests.
pub(crate) fn nginx() -> Result<PathBuf> {
    NGINX.find()
}

impl TestProgram {
    fn find(&self) -> Result<PathBuf> {
        if let Some(path) = env::var_os(self.variable) {
            return self.named(path.into());
        }
        let (name, program, package) = (self.name, self.program, self.package);
        if let Some(path) = find(program) {
            return Ok(path);
        }
        self.install().map_err(|error| {
            format!(
                "the tests need a {name} and there is none ({error}). Install it (Debian, \
                 Ubuntu: `sudo apt-get install {package}`; macOS: `brew install {}`), or set {} to the \
                 path of a binary `{program}`",
                self.homebrew, self.variable,
            )
        })?;
        let missing =
            || format!("{package} is installed, but no `{program}` is on the PATH").into();
        find(program).ok_or_else(missing)
    }

    /// The one that the variable names, by its path or as it is found on the `PATH`.
    fn named(&self, path: PathBuf) -> Result<PathBuf> {
        let path = if path.components().count() == 1 {
            find(&path.to_string_lossy()).unwrap_or(path)
        } else {
            env::current_dir()?.join(path)
        };
        let runs = output(command(&path).arg(self.version));
        runs.map_err(|error| {
            let (name, variable) = (self.name, self.variable);
            format!("{variable} does not name a {name} that runs: {error}")
        })?;
        Ok(path)
    }

    fn install(&self) -> Result {
        may_install()?;
        // The tests start their own servers on free ports; the machine's must not run beside them.
        let policy = NoServices::new()?;
        apt(self.package)?;
        drop(policy);
        if Path::new("/run/systemd/system").exists() {
            let unit = format!("{}.service", self.service);
            run(command("systemctl").args(["disable", "--now", &unit]))
        } else {
            run(command("update-rc.d").args([self.service, "disable"]))?;
            // Does nothing unless a policy of the machine's own let the package start its server.
            run(command("start-stop-daemon")
                .args(["--stop", "--quiet", "--oknodo", "--retry", "5"])
                .args(["--pidfile", self.pid_file, "--exec"])
                .arg(self.daemon))
        }
    }
}

/// Makes sure that `program` is there, from the Debian package `package` if need be.
pub(crate) fn require(program: &str, package: &str) -> Result {
    if find(program).is_some() {
        return Ok(());
    }
    apt(package).map_err(|error| {
        format!("`{program}` is missing ({error}); install the package `{package}`").into()
    })
}

pub(crate) fn cargo_deny() -> Result {
    let installed = cargo()
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    if installed.success() {
        return Ok(());
    }
    println!("installing {CARGO_DENY} (about five minutes)");
    run(cargo().args(["install", "--locked", CARGO_DENY]))
}

/// In `target/tools`, so that the version is this one whatever else is installed.
pub(crate) fn cargo_mutants() -> Result<PathBuf> {
    let folder = target().join("tools");
    let name = format!("cargo-mutants{}", env::consts::EXE_SUFFIX);
    let program = folder.join("bin").join(name);
    let version = || output(command(&program).args(["mutants", "--version"]));
    if version().is_ok_and(|printed| printed.trim() == format!("cargo-mutants {CARGO_MUTANTS}")) {
        return Ok(program);
    }
    let package = format!("cargo-mutants@{CARGO_MUTANTS}");
    println!("installing {package} (about three minutes)");
    run(cargo()
        .args(["install", "--locked", "--force", &package, "--root"])
        .arg(folder))?;
    Ok(program)
}

/// Go: the one on the `PATH`, else Debian's package.
pub(crate) fn go() -> Result<PathBuf> {
    require("go", "golang-go")?;
    let go = find("go").ok_or("golang-go is installed, but no `go` is on the PATH")?;
    let printed = output(command(&go).args(["env", "GOVERSION"]))?;
    let printed = printed.trim();
    if go_version(printed).is_none_or(|version| version < OLDEST_GO) {
        let (major, minor) = OLDEST_GO;
        return Err(format!(
            "`{}` is `{printed}`, and {major}.{minor} or newer is needed",
            go.display(),
        )
        .into());
    }
    Ok(go)
}

/// The first two numbers of `go1.26.8`; an empty text is what versions print that are too old to
/// know the question.
fn go_version(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.strip_prefix("go")?.split(['.', 'r', 'b', ' ']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn may_install() -> Result {
    if find("apt-get").is_none() {
        return Err("not installed by itself: no apt-get here".into());
    }
    if output(command("id").arg("-u"))?.trim() != "0" {
        return Err("not installed by itself: not root".into());
    }
    Ok(())
}

fn apt(package: &str) -> Result {
    may_install()?;
    let apt = || {
        let mut apt = command("apt-get");
        // A machine that has just booted may still install updates: hence the wait.
        apt.args(["-qq", "-o", "DPkg::Lock::Timeout=120"]);
        apt.args(["-o", "Dpkg::Use-Pty=0"]);
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    let updated = run(apt().arg("update"));
    let installed = run(apt().args(["install", "-y", "--no-install-recommends", package]));
    // One broken source among many fails the update, but not what comes from the others.
    if installed.is_err() {
        updated?;
    }
    installed
}

/// Where it is on the `PATH`.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        // Debian's place for servers, which is on the path of root only.
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// While it lives, packages that are being installed start no services.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn new() -> Result<Self> {
        if Path::new(POLICY).exists() {
            return Ok(Self { ours: false });
        }
        // 101 is "forbidden by policy".
        let script = "printf '#!/bin/sh\nexit 101\n' > \"$0\" && chmod 755 \"$0\"";
        run(command("sh").args(["-c", script, POLICY]))?;
        Ok(Self { ours: true })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            let _ = std::fs::remove_file(POLICY);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OLDEST_GO, go_version};

    #[test]
    fn a_version_of_go_is_read_in_every_form_that_it_prints() {
        for (printed, version) in [
            ("go1.26.8", Some((1, 26))),
            ("go1.27rc1", Some((1, 27))),
            ("go1.19", Some((1, 19))),
            ("go1.26.0 X:nodwarf5", Some((1, 26))),
            ("devel", None),
            ("", None),
        ] {
            assert_eq!(go_version(printed), version, "{printed}");
        }
        assert!(go_version("go1.19") < Some(OLDEST_GO));
    }
}
