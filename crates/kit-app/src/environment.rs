//! Facts about the surroundings of the process: the only file that reads the environment.

use std::{env, io};

use kit_transport::{Inherited, InheritedListeners};
use listenfd::ListenFd;

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
#[derive(Clone, Debug, Default)]
pub struct Environment {
    kubernetes: bool,
    /// The process has the id 1.
    first_process: bool,
    /// The facts were looked at, and are not only assumed.
    known: bool,
    inherited: InheritedListeners,
    /// Inherited descriptors that are no listeners: the run makes events of them, which wait for no
    /// log.
    unusable: Vec<String>,
}

impl Environment {
    /// Reads the process's environment variables: `KUBERNETES_SERVICE_HOST`, which Kubernetes
    /// sets in every container. Takes the listeners that the process was given (`LISTEN_FDS`, and
    /// `LISTEN_PID` where it is set, as systemd does) and unsets those variables, so that only the
    /// first call finds them.
    #[must_use]
    pub fn detect() -> Environment {
        let (inherited, unusable) = take_listeners();
        Environment {
            inherited,
            unusable,
            ..Environment::from_lookup(|name| env::var(name).ok())
        }
    }

    /// Takes the variables from elsewhere, such as a map in a test.
    #[must_use]
    pub fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Environment {
        let set = |name| variable(name).is_some_and(|value| !value.is_empty());
        Environment {
            kubernetes: set("KUBERNETES_SERVICE_HOST"),
            first_process: std::process::id() == 1,
            known: true,
            ..Environment::default()
        }
    }

    /// The same surroundings with these listeners for
    /// [`Listen::inherited`](kit_transport::Listen::inherited).
    #[must_use]
    pub fn with_inherited(self, inherited: InheritedListeners) -> Environment {
        Environment { inherited, ..self }
    }

    pub(crate) fn inherited(&self) -> &InheritedListeners {
        &self.inherited
    }

    pub(crate) fn unusable(&self) -> &[String] {
        &self.unusable
    }

    /// Whether this is known to be a machine on which the service is developed: neither a container in
    /// Kubernetes nor the first process of another container. Surroundings that were not looked at
    /// ([`Environment::default`]) are none.
    ///
    /// ```
    /// use kit_app::Environment;
    ///
    /// assert!(Environment::from_lookup(|_| None).is_development());
    /// assert!(!Environment::default().is_development());
    /// ```
    #[must_use]
    pub fn is_development(&self) -> bool {
        self.known && !self.kubernetes && !self.first_process
    }

    /// Whether this is a container in Kubernetes.
    #[must_use]
    pub fn in_kubernetes(&self) -> bool {
        self.kubernetes
    }
}

fn take_listeners() -> (InheritedListeners, Vec<String>) {
    let mut given = ListenFd::from_env();
    let mut unusable = Vec::new();
    let listeners = (0..given.len())
        .map(|index| match given.take_tcp_listener(index) {
            Ok(listener) => listener.map(Inherited::from),
            Err(_) => take_unix_listener(&mut given, index).unwrap_or_else(|error| {
                unusable.push(format!(
                    "inherited as listener {index}, and is none: {error}"
                ));
                None
            }),
        })
        .collect();
    (listeners, unusable)
}

#[cfg(unix)]
fn take_unix_listener(given: &mut ListenFd, index: usize) -> io::Result<Option<Inherited>> {
    let taken = given.take_unix_listener(index)?;
    Ok(taken.map(Inherited::from))
}

#[cfg(not(unix))]
fn take_unix_listener(_: &mut ListenFd, _: usize) -> io::Result<Option<Inherited>> {
    Ok(None)
}
