//! Which crate may pull what: the arrows between Kit's own crates, and the light default trees.

use crate::Result;
use crate::cargo::{cargo, output, run as run_command};

/// What must not be in a crate's normal dependencies.
struct Forbidden {
    package: &'static str,
    features: &'static str,
    crates: &'static [&'static str],
}

const FORBIDDEN: [Forbidden; 9] = [
    Forbidden {
        package: "kit-registry",
        features: "--no-default-features",
        crates: &["tonic", "hyper", "notify"],
    },
    Forbidden {
        package: "kit-app",
        features: "--no-default-features",
        crates: &["axum", "tonic"],
    },
    Forbidden {
        package: "kit-sync",
        features: "--all-features",
        crates: &["kit-registry", "kit-transport", "kit-app", "kit"],
    },
    Forbidden {
        package: "kit-macros",
        features: "--all-features",
        crates: &[
            "kit-sync",
            "kit-registry",
            "kit-transport",
            "kit-app",
            "kit",
        ],
    },
    Forbidden {
        package: "kit-units",
        features: "--all-features",
        crates: &[
            "tokio",
            "kit-sync",
            "kit-registry",
            "kit-transport",
            "kit-app",
            "kit",
        ],
    },
    Forbidden {
        package: "kit-registry",
        features: "--all-features",
        crates: &["kit-transport", "kit-app", "kit"],
    },
    Forbidden {
        package: "kit-registry-consul",
        features: "--all-features",
        crates: &["kit-transport", "kit-app", "kit", "tonic", "axum"],
    },
    Forbidden {
        package: "kit-transport",
        features: "--all-features",
        crates: &["kit-registry", "kit-app", "kit"],
    },
    // The example of a backend by others: it needs no more of Kit than they do.
    Forbidden {
        package: "registry_plugin",
        features: "--all-features",
        crates: &["kit-app", "kit-transport", "kit", "tonic"],
    },
];

/// A package, and features that are built without the others.
const ALONE: [(&str, &str); 28] = [
    ("kit-transport", "http"),
    ("kit-transport", "grpc"),
    ("kit-transport", "simple"),
    ("kit-transport", "derive"),
    ("kit-transport", "tls"),
    ("kit-transport", "ws"),
    ("kit-transport", "jwt"),
    ("kit-transport", "http,tls"),
    ("kit-transport", "grpc,tls"),
    ("kit-transport", "http,jwt"),
    ("kit-transport", "grpc,jwt"),
    ("kit-transport", "http,metrics"),
    ("kit-transport", "serde"),
    ("kit-transport", "http,serde"),
    ("kit-transport", "grpc,tls,serde"),
    ("kit-transport", "simple,schema"),
    ("kit-transport", "http,grpc,tls,schema"),
    ("kit-sync", "schema"),
    ("kit-registry", "schema"),
    ("kit-registry", "etcd"),
    ("kit-registry", "etcd-tls"),
    ("kit-registry", "tls"),
    ("kit-registry-consul", "tls"),
    ("kit-app", "consul"),
    ("kit-registry", "local"),
    ("kit-app", "serde"),
    ("kit-app", "admin"),
    ("kit-app", "schema"),
];

/// Looks for forbidden packages in cargo's trees, then builds every library without its default
/// features, and some crates with single features. All problems are reported together.
pub(crate) fn check() -> Result {
    let mut found = Vec::new();
    for rule in &FORBIDDEN {
        let tree = tree(rule)?;
        for name in rule.crates {
            if tree.lines().any(|line| is_package(line, name)) {
                found.push(format!("{} {} pulls {name}", rule.package, rule.features));
            }
        }
    }
    for package in library_crates()? {
        let mut check = cargo();
        check.args(["check", "--quiet", "-p", &package, "--no-default-features"]);
        if let Err(error) = run_command(&mut check) {
            found.push(error.to_string());
        }
    }
    // Features are additive, so each must build without the others.
    for (package, features) in ALONE {
        let mut check = cargo();
        check.args(["clippy", "--quiet", "-p", package]);
        check.args(["--no-default-features", "--features", features]);
        check.args(["--", "-D", "warnings"]);
        if let Err(error) = run_command(&mut check) {
            found.push(error.to_string());
        }
    }
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("; ").into())
    }
}

fn tree(rule: &Forbidden) -> Result<String> {
    output(
        cargo()
            .args(["tree", "--edges", "normal", "--prefix", "none"])
            .args(["-p", rule.package, rule.features]),
    )
}

/// Whether a line of `cargo tree` is about this very package: `hyper v1.12.0`, not `hyper-util …`.
fn is_package(line: &str, name: &str) -> bool {
    line.split(' ').next() == Some(name)
}

/// The folders of `crates/`, which are named like their packages.
fn library_crates() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in crate::cargo::root().join("crates").read_dir()? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::is_package;

    #[test]
    fn a_package_is_not_taken_for_one_that_begins_like_it() {
        assert!(is_package("hyper v1.12.0", "hyper"));
        assert!(!is_package("hyper-util v0.1.21", "hyper"));
    }
}
