//! The application's life, as a component sees it.

use std::fmt;
use std::time::Duration;

use kit_sync::Deadline;

/// The states of an application, in the order in which they follow one another.
///
/// `Created → Starting → Running → LameDuck → Draining → Stopped`; a start that fails or is
/// called off goes from `Starting` to `LameDuck` directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Stage {
    /// Built, not run yet.
    Created,
    /// Hooks and components are starting.
    Starting,
    /// Every component has started.
    Running,
    /// A stop began: "do not send me more", while everything is still served.
    LameDuck,
    /// Components finish what is in flight and end.
    Draining,
    /// No component runs any more.
    Stopped,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stage::Created => "created",
            Stage::Starting => "starting",
            Stage::Running => "running",
            Stage::LameDuck => "lame duck",
            Stage::Draining => "draining",
            Stage::Stopped => "stopped",
        })
    }
}

/// The application's life, as one component sees it; published through
/// [`Context::lifecycle`](crate::Context::lifecycle).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lifecycle {
    /// Where the application stands.
    pub stage: Stage,
    /// What health answers should say: `true` while the application is running and its checks
    /// pass, `false` from the first moment of a stop.
    pub healthy: bool,
    /// How long requests are still taken after a stop began, as in effect now.
    pub drain_delay: Duration,
    /// When *this* component must have ended. Known from the beginning of a stop; a stop that is
    /// forced moves it to now. It lies a little before the moment at which the application aborts
    /// the component's tasks, so that the component itself can cut and count first. Time in which
    /// the process did not run moves it back.
    pub deadline: Option<Deadline>,
}

impl Lifecycle {
    /// A life that is just beginning: [`Stage::Created`], not healthy, no deadline.
    #[must_use]
    pub fn new() -> Lifecycle {
        Lifecycle {
            stage: Stage::Created,
            healthy: false,
            drain_delay: Duration::ZERO,
            deadline: None,
        }
    }
}

impl Default for Lifecycle {
    fn default() -> Lifecycle {
        Lifecycle::new()
    }
}
