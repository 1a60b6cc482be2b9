//! Programs from outside that tests and checks need: found, or installed, or named as missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::Result;
use crate::cargo::{cargo, command, output, run};

const CARGO_DENY: &str = "cargo-deny@0.20.2";
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// The etcd that tests start: `KIT_ETCD`, else the one on the `PATH`, else Debian's package.
pub(crate) fn etcd() -> Result<PathBuf> {
    if let Some(path) = env::var_os("KIT_ETCD") {
        let path = PathBuf::from(path);
        let path = if path.components().count() == 1 {
            find(&path.to_string_lossy()).unwrap_or(path)
        } else {
            env::current_dir()?.join(path)
        };
        output(command(&path).arg("--version"))
            .map_err(|error| format!("KIT_ETCD does not name an etcd that runs: {error}"))?;
        return Ok(path);
    }
    if let Some(path) = find("etcd") {
        return Ok(path);
    }
    install_etcd().map_err(|error| {
        format!(
            "the tests need an etcd server and there is none ({error}). Install it (Debian, \
             Ubuntu: `sudo apt-get install etcd-server`; macOS: `brew install etcd`), or set \
             KIT_ETCD to the path of an `etcd` binary"
        )
    })?;
    find("etcd").ok_or_else(|| "etcd-server is installed, but no `etcd` is on the PATH".into())
}

fn install_etcd() -> Result {
    may_install()?;
    // The tests start servers of their own on free ports; the machine's must not run beside them.
    let policy = NoServices::new()?;
    apt("etcd-server")?;
    drop(policy);
    if Path::new("/run/systemd/system").exists() {
        run(command("systemctl").args(["disable", "--now", "etcd.service"]))
    } else {
        run(command("update-rc.d").args(["etcd", "disable"]))?;
        // Does nothing unless a policy of the machine's own let the package start its server.
        run(command("start-stop-daemon")
            .args(["--stop", "--quiet", "--oknodo", "--retry", "5"])
            .args(["--pidfile", "/run/etcd.pid", "--exec", "/usr/bin/etcd"]))
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
        // A machine that has just booted may be busy with updates of its own: hence the wait.
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
