//! The options of layers that are data: a file can hold them (feature `serde`), and `layer` makes the
//! layer of them.

mod access_log;
mod concurrency;
mod deadline;
#[cfg(feature = "serde")]
mod header;
mod rate;
mod request_id;

use kit_units::WrongOption;

pub use access_log::AccessLogOptions;
pub use concurrency::ConcurrencyOptions;
pub use deadline::{DeadlineOptions, OperationDeadline};
pub use rate::RateOptions;
pub use request_id::RequestIdOptions;

/// The options of [`Standard`](super::Standard) that are data.
///
/// ```
/// use std::time::Duration;
///
/// use kit_transport::layers::{self, DeadlineOptions, StandardOptions};
///
/// let options = StandardOptions {
///     deadline: DeadlineOptions { limit: Some(Duration::from_secs(5)), ..DeadlineOptions::default() },
///     ..StandardOptions::default()
/// };
/// let standard = layers::standard().options(&options);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StandardOptions {
    /// How ids of requests are taken and made.
    pub request_id: RequestIdOptions,
    /// Which requests are logged, and with what.
    pub access_log: AccessLogOptions,
    /// How long requests may take.
    pub deadline: DeadlineOptions,
    /// How many requests are served at once. Default: no limit.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub concurrency: Option<ConcurrencyOptions>,
}

impl StandardOptions {
    /// Everything that is wrong, each with its key: values with which a layer would answer every request by itself,
    /// or select none. The layers themselves take any value, so this is for the load of settings.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_transport::layers::{DeadlineOptions, StandardOptions};
    ///
    /// let deadline = DeadlineOptions { limit: Some(Duration::ZERO), ..DeadlineOptions::default() };
    /// let wrong = StandardOptions { deadline, ..StandardOptions::default() }.check();
    /// assert_eq!(wrong[0].key(), "deadline.limit");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let StandardOptions {
            request_id: _,
            access_log,
            deadline,
            concurrency,
        } = self;
        let access_log = access_log.check().into_iter();
        let access_log = access_log.map(|wrong| wrong.inside("access_log"));
        let deadline = deadline.check().into_iter();
        let deadline = deadline.map(|wrong| wrong.inside("deadline"));
        let concurrency = concurrency.iter().flat_map(ConcurrencyOptions::check);
        let concurrency = concurrency.map(|wrong| wrong.inside("concurrency"));
        access_log.chain(deadline).chain(concurrency).collect()
    }
}
