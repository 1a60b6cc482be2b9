//! When a hook runs, and with which options.

use std::fmt;
use std::time::Duration;

use kit_units::WrongOption;

use crate::bounds::refuse_timeout;

/// When a hook runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum HookStage {
    /// Before the first component starts.
    BeforeStart,
    /// After the instance was registered, before it is ready.
    AfterStart,
    /// After health went down, before the instance is deregistered. Runs on every stop.
    BeforeStop,
    /// After the last component has ended. Runs on every stop.
    AfterStop,
}

impl fmt::Display for HookStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HookStage::BeforeStart => "before_start",
            HookStage::AfterStart => "after_start",
            HookStage::BeforeStop => "before_stop",
            HookStage::AfterStop => "after_stop",
        })
    }
}

/// How a hook of the start is run.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, HookOptions};
///
/// let app = App::builder("orders").before_start_with(
///     "migrate",
///     HookOptions::new().timeout(Duration::from_secs(3600)),
///     |_app| async { Ok(()) },
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[must_use = "options do nothing until they are given to a hook"]
pub struct HookOptions {
    /// How long this hook may take, longer than zero and at most 24 hours. Default: the hook timeout of the
    /// app.
    #[cfg_attr(
        feature = "serde",
        serde(
            with = "kit_units::optional_duration",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<kit_units::schema::Duration>")
    )]
    pub(crate) timeout: Option<Duration>,
}

impl HookOptions {
    /// The defaults: the [`hook_timeout`](crate::AppBuilder::hook_timeout) of the app.
    pub fn new() -> HookOptions {
        HookOptions::default()
    }

    /// Replaces how long this hook may take. Then its token is cancelled and the start fails; the
    /// hook may go on until the deadline of the stop.
    pub fn timeout(self, timeout: Duration) -> HookOptions {
        let timeout = Some(timeout);
        HookOptions { timeout }
    }

    /// Everything that is wrong. An app that has a hook with any of it does not start.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let timeout = self
            .timeout
            .and_then(|limit| refuse_timeout("timeout", limit));
        timeout.into_iter().collect()
    }
}
