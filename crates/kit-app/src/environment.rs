//! Facts about the surroundings of the process: the only file that reads the environment.

use std::path::Path;
use std::{env, io};

use kit_transport::{Inherited, InheritedListeners};
use listenfd::ListenFd;

use crate::orchestrator::{self, Notifier, Orchestrator};
use crate::plural::plural;

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
    /// The process is in a container, as far as one can see.
    container: bool,
    /// systemd has started this process, and not one before it.
    started_by_systemd: bool,
    notifier: Option<Notifier>,
    inherited: InheritedListeners,
    /// Faults of the surroundings, such as inherited descriptors that are no listeners: the run makes events of it,
    /// which wait for no log.
    remarks: Vec<String>,
}

impl Environment {
    /// Reads the process's environment variables: `KUBERNETES_SERVICE_HOST`, which Kubernetes
    /// sets in every container; `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID`, the address and the
    /// watchdog of a service manager. Takes the listeners that the process was given (`LISTEN_FDS`, and
    /// `LISTEN_PID` where it is set, as systemd does, with their names in `LISTEN_FDNAMES`) and unsets the
    /// first two, so that only the first call finds them. Looks for the files that docker and podman leave in
    /// a container.
    #[must_use]
    pub fn detect() -> Environment {
        // A value that is no UTF-8 is wrong further on, where it has a line, and not unset.
        let value = |name: &str| Some(env::var_os(name)?.to_string_lossy().into_owned());
        let (inherited, unusable) = take_listeners(value("LISTEN_FDNAMES").as_deref());
        let mut found = Environment::from_lookup(value);
        found.inherited = inherited;
        found.remarks.extend(unusable);
        let marks = ["/.dockerenv", "/run/.containerenv"];
        found.container |= marks.iter().any(|mark| Path::new(mark).exists());
        found
    }

    /// Takes the variables from elsewhere, such as a map in a test.
    #[must_use]
    pub fn from_lookup(variable: impl Fn(&str) -> Option<String>) -> Environment {
        let process = std::process::id();
        let set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let started = variable("SYSTEMD_EXEC_PID").is_some_and(|id| id == process.to_string());
        let (notifier, remarks) = orchestrator::from_lookup(&variable, process);
        Environment {
            kubernetes: set("KUBERNETES_SERVICE_HOST"),
            first_process: process == 1,
            known: true,
            container: process == 1,
            started_by_systemd: started,
            notifier,
            remarks,
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

    pub(crate) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The socket of the service manager, if there is one.
    pub(crate) fn notifier(&self) -> Option<&Notifier> {
        self.notifier.as_ref()
    }

    /// What runs the process, as far as that is known.
    ///
    /// ```
    /// use kit_app::{Environment, Orchestrator};
    ///
    /// let environment = Environment::from_lookup(|name| {
    ///     (name == "KUBERNETES_SERVICE_HOST").then(|| "10.0.0.1".to_owned())
    /// });
    /// assert_eq!(environment.orchestrator(), Orchestrator::Kubernetes);
    /// assert_eq!(Environment::default().orchestrator(), Orchestrator::Unknown);
    /// ```
    #[must_use]
    pub fn orchestrator(&self) -> Orchestrator {
        if self.kubernetes {
            Orchestrator::Kubernetes
        } else if self.started_by_systemd {
            Orchestrator::Systemd
        } else if self.container {
            // With a socket, too: podman passes it on from the unit, and kills after its own time.
            Orchestrator::Container
        } else if self.notifier.is_some() {
            Orchestrator::Systemd
        } else {
            Orchestrator::Unknown
        }
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

/// The listeners with their names, and the faults among them.
fn take_listeners(names: Option<&str>) -> (InheritedListeners, Vec<String>) {
    let mut given = ListenFd::from_env();
    let mut wrong = Vec::new();
    let listeners = (0..given.len()).map(|index| match given.take_tcp_listener(index) {
        Ok(listener) => listener.map(Inherited::from),
        Err(_) => take_unix_listener(&mut given, index).unwrap_or_else(|error| {
            wrong.push(format!(
                "inherited as listener {index}, and is none: {error}"
            ));
            None
        }),
    });
    let listeners: Vec<_> = listeners.collect();
    match named(listeners, names) {
        Ok(listeners) => (listeners, wrong),
        Err((listeners, line)) => {
            wrong.push(line);
            (listeners, wrong)
        }
    }
}

/// Names the listeners, if there are names.
///
/// # Errors
/// The listeners without names, and why: when the names are not as many, it is not known which is whose.
fn named(
    listeners: Vec<Option<Inherited>>,
    names: Option<&str>,
) -> Result<InheritedListeners, (InheritedListeners, String)> {
    let Some(names) = names.filter(|_| !listeners.is_empty()) else {
        return Ok(listeners.into_iter().collect());
    };
    let names: Vec<_> = names.split(':').map(str::to_owned).collect();
    if names.len() == listeners.len() {
        return Ok(names.into_iter().zip(listeners).collect());
    }
    let line = format!(
        "LISTEN_FDNAMES has {}, and LISTEN_FDS passes {}: they have numbers alone",
        plural(names.len(), "name"),
        plural(listeners.len(), "listener")
    );
    Err((listeners.into_iter().collect(), line))
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// With these variables, on a machine or in a container.
    fn found(variables: &[(&str, &str)], container: bool) -> Orchestrator {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
        let found =
            Environment::from_lookup(|name| find(name).map(|(_, value)| (*value).to_owned()));
        Environment { container, ..found }.orchestrator()
    }

    #[test]
    fn the_orchestrator_is_what_would_kill_the_process() {
        let process = std::process::id().to_string();
        let kubernetes = ("KUBERNETES_SERVICE_HOST", "10.0.0.1");
        let socket = ("NOTIFY_SOCKET", "/run/notify");
        let own = ("SYSTEMD_EXEC_PID", process.as_str());
        let other = ("SYSTEMD_EXEC_PID", "1");
        for (variables, container, orchestrator) in [
            (&[][..], false, Orchestrator::Unknown),
            (&[], true, Orchestrator::Container),
            (&[kubernetes, socket, own], true, Orchestrator::Kubernetes),
            (&[socket], false, Orchestrator::Systemd),
            (&[own], false, Orchestrator::Systemd),
            (&[other], false, Orchestrator::Unknown),
            // The socket is that of podman's unit; podman kills.
            (&[socket], true, Orchestrator::Container),
            // A service of the systemd that runs in the container.
            (&[socket, own], true, Orchestrator::Systemd),
        ] {
            assert_eq!(
                found(variables, container),
                orchestrator,
                "{variables:?} {container}"
            );
        }
    }
}
