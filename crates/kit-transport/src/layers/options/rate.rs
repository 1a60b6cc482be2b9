//! The options of the limit of how often a client may ask.

use std::time::Duration;

use http::HeaderName;
use kit_units::WrongOption;

use crate::layers::rate::{RateLimit, rate_limit};

/// The options of the limit of how often a client may ask that are data; [`layer`](Self::layer) makes the
/// layer of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RateOptions {
    /// How many requests each client may send in each period.
    pub count: u32,
    /// The period.
    #[cfg_attr(feature = "serde", serde(with = "kit_units::duration"))]
    #[cfg_attr(feature = "schema", schemars(with = "kit_units::schema::Duration"))]
    pub period: Duration,
    /// How many of them may come at once. Default: as many as in a period.
    #[cfg_attr(
        feature = "serde",
        serde(default, skip_serializing_if = "Option::is_none")
    )]
    pub burst: Option<u32>,
    /// How many clients are remembered at most. Default: 100000, for which it takes 4 MB.
    #[cfg_attr(feature = "serde", serde(default = "most_keys"))]
    pub most_keys: usize,
    /// The header by which clients differ. Default: none, so they differ by their addresses.
    #[cfg_attr(
        feature = "serde",
        serde(
            default,
            with = "super::header::optional",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub header: Option<HeaderName>,
}

fn most_keys() -> usize {
    100_000
}

impl RateOptions {
    /// At most `count` requests of each client in each `period`; clients differ by their addresses.
    #[must_use]
    pub fn new(count: u32, period: Duration) -> RateOptions {
        RateOptions {
            count,
            period,
            burst: None,
            most_keys: most_keys(),
            header: None,
        }
    }

    /// The layer with these options. Each call makes a limit that is separate from the others.
    pub fn layer(&self) -> RateLimit {
        let layer = rate_limit(self.count, self.period).most_keys(self.most_keys);
        let layer = match self.burst {
            Some(burst) => layer.burst(burst),
            None => layer,
        };
        match &self.header {
            Some(name) => layer.by_header(name.clone()),
            None => layer,
        }
    }

    /// Everything that is wrong: numbers of none, and a period of zero.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let RateOptions {
            count,
            period,
            burst,
            most_keys,
            header: _,
        } = self;
        let at_least = "at least 1";
        let all = [
            WrongOption::refuse_if(*count == 0, "count", 0, at_least),
            WrongOption::refuse_zero("period", *period),
            WrongOption::refuse_if(*burst == Some(0), "burst", 0, at_least),
            WrongOption::refuse_if(*most_keys == 0, "most_keys", 0, at_least),
        ];
        all.into_iter().flatten().collect()
    }
}
