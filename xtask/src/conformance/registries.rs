//! Registries that no package of the system brings, and the tests of the backends for them.

use std::env;
use std::path::{Path, PathBuf};

use super::clients::build;
use crate::Result;
use crate::cargo::run as run_command;
use crate::step::Steps;
use crate::test;

/// The variable by which the tests find a server of etcd. What it names is for `cargo xtask test`: here it
/// is another one, of a later version than that of Debian.
const ETCD: &str = "KIT_ETCD";
/// The variable by which the tests find Consul, and by which one that is there is named.
pub(crate) const CONSUL: &str = "KIT_CONSUL";
/// The module that has the tests, and so the beginning of their names.
pub(crate) const TESTS: &str = "beside_consul::";

pub(super) fn check(folder: &Path, steps: &mut Steps) {
    steps.with(
        "conformance: registry in Consul",
        consul(folder),
        |consul| check_consul(&consul),
    );
    steps.with("conformance: registry in etcd 3.6", etcd(folder), |etcd| {
        check_etcd(&etcd)
    });
}

/// The Consul that the variable names, else the version that `interop/consul` pins, which takes about
/// three minutes at the first time.
pub(super) fn consul(folder: &Path) -> Result<PathBuf> {
    match env::var_os(CONSUL) {
        Some(program) => Ok(program.into()),
        None => build(
            "interop/consul",
            "github.com/hashicorp/consul",
            folder.join("consul"),
        ),
    }
}

fn check_consul(consul: &Path) -> Result {
    run_command(
        // With the features of all other tests, so that nothing is compiled a second time.
        test::workspace("test")
            .args(["--test", "consul", "--test", "process"])
            .args(["--", "--ignored", TESTS])
            .env(CONSUL, consul),
    )
}

/// The etcd that `interop/etcd` pins, which takes about a minute at the first time.
fn etcd(folder: &Path) -> Result<PathBuf> {
    build("interop/etcd", ".", folder.join("etcd"))
}

/// All tests of the backend, among them its conformance: what a server refuses is not the same in each
/// version.
fn check_etcd(etcd: &Path) -> Result {
    run_command(
        test::workspace("test")
            .args(["--test", "etcd"])
            .env(ETCD, etcd),
    )
}
