//! The limits of a watchdog.

use std::time::Duration;

use kit_units::WrongOption;

/// More than any wait needs, and short enough to be added to any time.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The limits of a [`Watchdog`](crate::Watchdog).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchdogOptions {
    /// How long one poll may take before it is named; longer than zero. Default: 1 s. A poll should take
    /// less than a millisecond; one of a second has delayed everything else on its thread by that much.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub poll_limit: Duration,
    /// How long the runtime may leave a woken task unpolled; longer than zero. Default: 5 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub tick_limit: Duration,
    /// How long after its deadline a stop is overdue. Default: 1 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub overdue_after: Duration,
    /// How often it looks; less than 1 ms counts as that, and 24 hours are the most. Default: 250 ms.
    /// Everything is noticed late by twice as much, at most.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
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

impl WatchdogOptions {
    /// Everything that is wrong: limits that would name every poll, and a watchdog that never looks. A limit
    /// without an end is one that nothing exceeds.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_sync::WatchdogOptions;
    ///
    /// let options = WatchdogOptions { poll_limit: Duration::ZERO, ..WatchdogOptions::default() };
    /// assert_eq!(options.check()[0].to_string(), "`poll_limit` is 0s: it has to be longer than 0s");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let WatchdogOptions {
            poll_limit,
            tick_limit,
            overdue_after: _,
            interval,
        } = self;
        let all = [
            WrongOption::refuse_zero("poll_limit", *poll_limit),
            WrongOption::refuse_zero("tick_limit", *tick_limit),
            WrongOption::refuse_outside("interval", *interval, Duration::ZERO..=LONGEST),
        ];
        all.into_iter().flatten().collect()
    }
}
