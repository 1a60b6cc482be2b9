//! What the process can know of where it runs: the only file that reads the environment.

use std::env;

/// Facts about the surroundings that choose defaults. [`App::main`](crate::App::main) detects
/// them; [`App::run`](crate::App::run) takes what the builder was given, by default nothing.
///
/// ```
/// use kit_app::Environment;
///
/// let environment = Environment::from_lookup(|name| {
///     (name == "KUBERNETES_SERVICE_HOST").then(|| "10.0.0.1".to_owned())
/// });
/// assert!(environment.in_kubernetes());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    kubernetes: bool,
}

impl Environment {
    /// Reads the process's environment variables: `KUBERNETES_SERVICE_HOST`, which Kubernetes
    /// sets in every container.
    #[must_use]
    pub fn detect() -> Environment {
        Environment::from_lookup(|name| env::var(name).ok())
    }

    /// Takes the variables from elsewhere, such as a map in a test.
    #[must_use]
    pub fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Environment {
        let set = |name| variable(name).is_some_and(|value| !value.is_empty());
        Environment {
            kubernetes: set("KUBERNETES_SERVICE_HOST"),
        }
    }

    /// Whether this is a container in Kubernetes.
    #[must_use]
    pub fn in_kubernetes(&self) -> bool {
        self.kubernetes
    }
}
