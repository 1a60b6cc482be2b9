//! The limits of a watchdog.

use std::time::Duration;

/// The limits of a [`Watchdog`](crate::Watchdog).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct WatchdogOptions {
    /// How long one poll may take before it is named. Default: 1 s. A poll should take less than
    /// a millisecond; one of a second has delayed everything else on its thread by that much.
    pub poll_limit: Duration,
    /// How long the runtime may leave a woken task unpolled. Default: 5 s.
    pub tick_limit: Duration,
    /// How long after its deadline a stop is overdue. Default: 1 s.
    pub overdue_after: Duration,
    /// How often it looks. Default: 250 ms; less than 1 ms counts as that. Everything is noticed
    /// late by twice as much, at most.
    pub interval: Duration,
}

impl Default for WatchdogOptions {
    fn default() -> WatchdogOptions {
        WatchdogOptions {
            poll_limit: Duration::from_secs(1),
            tick_limit: Duration::from_secs(5),
            overdue_after: Duration::from_secs(1),
            interval: Duration::from_millis(250),
        }
    }
}
