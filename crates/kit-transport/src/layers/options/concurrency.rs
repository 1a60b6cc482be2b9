//! The options of the limit of requests at once.

use std::time::Duration;

use kit_units::WrongOption;

use crate::layers::concurrency::{ConcurrencyLimit, concurrency_limit};

/// The options of the limit of requests that are served at once; [`layer`](Self::layer) makes the layer of
/// them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ConcurrencyOptions {
    /// How many requests are served at once.
    pub max: usize,
    /// How many more may wait for their turn. Default: 0.
    #[cfg_attr(feature = "serde", serde(default))]
    pub queue: usize,
    /// How long a request waits at most before it is shed. Default: 1 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "second", with = "kit_units::duration")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub queue_timeout: Duration,
    /// When a client that was shed should come again. Default: 1 s.
    #[cfg_attr(
        feature = "serde",
        serde(default = "second", with = "kit_units::duration")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub retry_after: Duration,
}

fn second() -> Duration {
    Duration::from_secs(1)
}

impl ConcurrencyOptions {
    /// At most `max` requests at once, and no queue.
    #[must_use]
    pub fn new(max: usize) -> ConcurrencyOptions {
        ConcurrencyOptions {
            max,
            queue: 0,
            queue_timeout: second(),
            retry_after: second(),
        }
    }

    /// The layer with these options. Each call makes a limit that is separate from the others.
    pub fn layer(&self) -> ConcurrencyLimit {
        concurrency_limit(self.max)
            .queue(self.queue)
            .queue_timeout(self.queue_timeout)
            .retry_after(self.retry_after)
    }

    /// Everything that is wrong: a limit of none, which would shed every request.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let max = WrongOption::refuse_if(self.max == 0, "max", 0, "at least 1");
        max.into_iter().collect()
    }
}
