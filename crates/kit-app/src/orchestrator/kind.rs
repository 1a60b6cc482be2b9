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
    /// A container of another kind: docker and podman kill after 10 s unless an option says otherwise. Messages
    /// to a service manager outside of it move nothing.
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

#[cfg(test)]
mod tests {
    use super::*;

    use Orchestrator::{Container, Kubernetes, Systemd, Unknown};

    fn plan(total: Duration) -> StopPlan {
        StopPlan::new(total, Duration::ZERO, 1)
    }

    #[test]
    fn a_stop_that_docker_would_cut_names_what_gives_it_more_and_warns_in_a_container() {
        let long = plan(Duration::from_secs(20));
        let advice = "docker kills a container after 10s by default (`--stop-timeout 23`, \
                      `stop_grace_period: 23s`)";
        for orchestrator in [Container, Unknown] {
            assert_eq!(orchestrator.advice(&long).as_deref(), Some(advice));
        }
        let cuts = [Kubernetes, Systemd, Container, Unknown].map(|one| one.cuts(&long));
        assert_eq!(cuts, [false, false, true, false]);
    }

    #[test]
    fn a_stop_that_ends_within_the_time_of_docker_needs_nothing() {
        let last = plan(Duration::from_secs(7));
        assert_eq!(Container.advice(&last), None);
        assert!(!Container.cuts(&last));
        assert!(Container.cuts(&plan(Duration::from_millis(7_001))));
    }

    #[test]
    fn the_advice_for_kubernetes_is_in_whole_seconds_and_systemd_has_none() {
        let plan = plan(Duration::from_millis(4_001));
        let advice = "terminationGracePeriodSeconds has to be at least 8";
        assert_eq!(Kubernetes.advice(&plan).as_deref(), Some(advice));
        assert_eq!(Systemd.advice(&plan), None);
    }
}
