//! Bundles of defaults for the stop, by the source of requests.

use std::fmt;
use std::time::Duration;

use crate::Environment;

/// What routes requests to this process, and so how long they go on coming after a stop began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum DrainProfile {
    /// Nothing that Kit knows of: no delay.
    Alone,
    /// Clients that watch a registry: 1 s.
    Registry,
    /// Kubernetes, whose proxies and load balancers learn of a stop late: 5 s.
    Kubernetes,
}

impl DrainProfile {
    /// How long requests are still taken after a stop began.
    #[must_use]
    pub fn drain_delay(self) -> Duration {
        match self {
            DrainProfile::Alone => Duration::ZERO,
            DrainProfile::Registry => Duration::from_secs(1),
            DrainProfile::Kubernetes => Duration::from_secs(5),
        }
    }

    /// The profile that fits, and why. `registries` counts those that other processes can see.
    pub(crate) fn choose(
        environment: &Environment,
        registries: usize,
    ) -> (DrainProfile, &'static str) {
        if environment.in_kubernetes() {
            (DrainProfile::Kubernetes, "KUBERNETES_SERVICE_HOST is set")
        } else if registries > 0 {
            (
                DrainProfile::Registry,
                "a registry shows this instance to others",
            )
        } else {
            (
                DrainProfile::Alone,
                "no registry shows this instance to others",
            )
        }
    }
}

impl fmt::Display for DrainProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DrainProfile::Alone => "alone",
            DrainProfile::Registry => "registry",
            DrainProfile::Kubernetes => "kubernetes",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_wins_over_a_registry_and_a_registry_over_none() {
        let kubernetes = Environment::from_lookup(|_| Some("10.0.0.1".to_owned()));
        let bare = Environment::default();
        assert_eq!(
            DrainProfile::choose(&kubernetes, 1).0,
            DrainProfile::Kubernetes
        );
        assert_eq!(DrainProfile::choose(&bare, 1).0, DrainProfile::Registry);
        assert_eq!(DrainProfile::choose(&bare, 0).0, DrainProfile::Alone);
    }
}
