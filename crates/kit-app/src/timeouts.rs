//! How long each stage of an app may take.

use std::time::Duration;

use kit_units::WrongOption;

use crate::bounds::{DAY, refuse_timeout};

/// Half of a stop is divided into the reserves of its stages, which have to be more than nothing.
const SHORTEST_STOP: Duration = Duration::from_millis(1);

/// How long each stage of an app may take: the limits that [`AppBuilder`](crate::AppBuilder) has a method
/// for each. All of them are longer than zero and at most 24 hours.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{AppOptions, Timeouts};
///
/// let timeouts = Timeouts { stop: Duration::from_secs(25), ..Timeouts::default() };
/// let options = AppOptions { timeouts, ..AppOptions::default() };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timeouts {
    /// How long each component may take to start. Default: 15 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub start: Duration,
    /// How long each hook of the start may take. Default: 5 min.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub hook: Duration,
    /// How long each hook of a reload may take. Default: 30 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub reload: Duration,
    /// How long the start waits for readiness latches once every component has started. Default: 5 min.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub gate: Duration,
    /// How long the start waits for the registries. Default: 8 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub register: Duration,
    /// How long a whole stop may take, at least 1 ms. Default: 20 s, which fits Kubernetes' 30 s.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub stop: Duration,
}

impl Default for Timeouts {
    fn default() -> Timeouts {
        Timeouts {
            start: Duration::from_secs(15),
            hook: Duration::from_secs(5 * 60),
            reload: Duration::from_secs(30),
            gate: Duration::from_secs(5 * 60),
            register: Duration::from_secs(8),
            stop: Duration::from_secs(20),
        }
    }
}

impl Timeouts {
    /// Everything that is wrong. An app with any of it does not start.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_app::Timeouts;
    ///
    /// let wrong = Timeouts { stop: Duration::ZERO, ..Timeouts::default() }.check();
    /// assert_eq!(wrong[0].to_string(), "`stop` is 0s: it has to be from 1ms to 1d");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let Timeouts {
            start,
            hook,
            reload,
            gate,
            register,
            stop,
        } = *self;
        let all = [
            WrongOption::refuse_outside("stop", stop, SHORTEST_STOP..=DAY),
            refuse_timeout("start", start),
            refuse_timeout("register", register),
            refuse_timeout("hook", hook),
            refuse_timeout("reload", reload),
            refuse_timeout("gate", gate),
        ];
        all.into_iter().flatten().collect()
    }
}
