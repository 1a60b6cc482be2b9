//! How a resource is opened, closed and checked.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::time::Duration;

use kit_sync::{BoxError, Deadline};
use kit_units::WrongOption;

use crate::bounds::refuse_timeout;
use crate::health::{Check, CheckContext, CheckOptions};

/// How a resource is opened, closed and checked. `T` is the type of its value; the functions that the
/// resource is given with say which one that is.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, CheckOptions, ResourceOptions};
///
/// #[derive(Clone)]
/// struct Pool;
/// # impl Pool { async fn ping(&self) -> std::io::Result<()> { Ok(()) } }
///
/// let options = ResourceOptions::new()
///     // Its migrations may take a while.
///     .open_timeout(Duration::from_secs(600))
///     // The app is not ready while it does not answer.
///     .check(CheckOptions::new(), |pool: Pool| async move { Ok(pool.ping().await?) });
/// let app = App::builder("orders").resource_with(
///     "db",
///     options,
///     |_ctx| async { Ok(Pool) },
///     |_pool| async { Ok(()) },
/// );
/// ```
#[must_use = "options do nothing until they are given to a resource"]
pub struct ResourceOptions<T> {
    pub(crate) limits: ResourceLimits,
    /// Makes the check, which has the resource's name.
    check: Option<Box<MakeCheck>>,
    /// The check takes one.
    value: PhantomData<fn(T)>,
}

type MakeCheck = dyn FnOnce(String) -> Check + Send + Sync;

/// How long a resource may take: the options of a resource that are data, for a file (feature `serde`);
/// its check has [`CheckOptions`]. [`ResourceOptions`] themselves hold a function and have a type.
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{ResourceLimits, ResourceOptions};
///
/// let limits = ResourceLimits { open: Some(Duration::from_secs(600)), ..ResourceLimits::default() };
/// let options = ResourceOptions::<String>::new().limits(limits);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceLimits {
    /// How long it may take to open, longer than zero and at most 24 hours. Default: the start timeout of the
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
    pub open: Option<Duration>,
    /// How long it may take to close, longer than zero and at most 24 hours. Default: an equal share of the
    /// time that the stop leaves for resources.
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
    pub close: Option<Duration>,
}

impl ResourceLimits {
    /// Everything that is wrong. An app that has a resource with any of it does not start.
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        let ResourceLimits { open, close } = *self;
        let limits = [("open", open), ("close", close)];
        let wrong = limits.map(|(key, limit)| limit.and_then(|limit| refuse_timeout(key, limit)));
        wrong.into_iter().flatten().collect()
    }

    /// The deadline of a close that has this share of the stop.
    pub(super) fn close_deadline(&self, share: &Deadline) -> Deadline {
        match self.close {
            Some(limit) => share.clone().sooner(share.after(limit)),
            None => share.clone(),
        }
    }
}

impl<T> ResourceOptions<T> {
    /// The defaults: the limits of the app, and no check.
    pub fn new() -> ResourceOptions<T> {
        ResourceOptions {
            limits: ResourceLimits::default(),
            check: None,
            value: PhantomData,
        }
    }

    /// Replaces how long it may take to open. Default: the
    /// [`start_timeout`](crate::AppBuilder::start_timeout) of the app. Then the token of its scope is
    /// cancelled and the start fails; it may go on until the deadline of the stop, less a reserve
    /// for each resource that is to be closed, so that a migration is not cut in half.
    pub fn open_timeout(mut self, limit: Duration) -> ResourceOptions<T> {
        self.limits.open = Some(limit);
        self
    }

    /// Replaces how long it may take to close, within the stop's deadline. Default: an equal share of
    /// the time that is left for the resources. Then it is dropped, and the exit code is 1.
    pub fn close_timeout(mut self, limit: Duration) -> ResourceOptions<T> {
        self.limits.close = Some(limit);
        self
    }

    /// Replaces both limits: [`open_timeout`](Self::open_timeout) and
    /// [`close_timeout`](Self::close_timeout).
    pub fn limits(mut self, limits: ResourceLimits) -> ResourceOptions<T> {
        self.limits = limits;
        self
    }

    /// Replaces the check of the resource. Default: none. It has the resource's name, and each run gets
    /// a clone of the value; otherwise it is like every other
    /// [check](crate::AppBuilder::check_with): while it fails, the app is not ready, unless the options
    /// say [`informational`](CheckOptions::informational).
    ///
    /// It runs from the moment at which every component has started until a stop begins, so the value
    /// is open all the time.
    #[track_caller]
    pub fn check<F, Fut>(mut self, options: CheckOptions, check: F) -> ResourceOptions<T>
    where
        T: Clone + Send + Sync + 'static,
        F: Fn(T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let run = move |context: CheckContext| {
            let run = context.get::<T>().map(&check);
            async move { run?.await }
        };
        let place = Location::caller();
        self.check = Some(Box::new(move |name| {
            Check::new(name, options, run).at(place)
        }));
        self
    }

    /// Takes the check, of the resource `name`.
    pub(crate) fn take_check(&mut self, name: &str) -> Option<Check> {
        let make = self.check.take()?;
        Some(make(name.to_owned()))
    }
}

impl<T> Default for ResourceOptions<T> {
    fn default() -> ResourceOptions<T> {
        ResourceOptions::new()
    }
}

impl<T> fmt::Debug for ResourceOptions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceOptions")
            .field("limits", &self.limits)
            .field("has_check", &self.check.is_some())
            .finish_non_exhaustive()
    }
}
