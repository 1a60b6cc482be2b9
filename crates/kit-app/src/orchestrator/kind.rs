//! What runs the process.

use std::fmt;
use std::time::Duration;

use crate::StopPlan;

/// How long docker and podman wait after SIGTERM before they kill, unless an option says otherwise.
const CONTAINER_KILLS_AFTER: Duration = Duration::from_secs(10);

/// What runs the process, and kills it when a stop takes too long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Orchestrator {
    /// Kubernetes, which kills after `terminationGracePeriodSeconds` (30 s unless the pod says otherwise).
    Kubernetes,
    /// systemd, which kills after `TimeoutStopSec`; the messages of a [`Notifier`](crate::Notifier) move that.
    Systemd,
    /// None of those, in a container: docker and podman kill after 10 s unless an option says otherwise.
    Container,
    /// None is known.
    #[default]
    Unknown,
}

impl Orchestrator {
    /// The setting elsewhere that is needed, so that a stop with this plan is not cut short; `None` when there is
    /// none.
    pub(crate) fn advice(self, plan: &StopPlan) -> Option<String> {
        let grace = plan.grace_period();
        let seconds = grace.as_secs();
        match self {
            Orchestrator::Kubernetes => Some(format!(
                "terminationGracePeriodSeconds has to be at least {seconds}"
            )),
            Orchestrator::Container | Orchestrator::Unknown if grace > CONTAINER_KILLS_AFTER => {
                Some(format!(
                    "docker kills a container after 10s by default (`--stop-timeout \
                     {seconds}`, `stop_grace_period: {seconds}s`)"
                ))
            }
            _ => None,
        }
    }

    /// Whether a stop with this plan would be cut short by default.
    pub(crate) fn cuts(self, plan: &StopPlan) -> bool {
        self == Orchestrator::Container && plan.grace_period() > CONTAINER_KILLS_AFTER
    }
}

impl fmt::Display for Orchestrator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Orchestrator::Kubernetes => "kubernetes",
            Orchestrator::Systemd => "systemd",
            Orchestrator::Container => "container",
            Orchestrator::Unknown => "unknown",
        })
    }
}
