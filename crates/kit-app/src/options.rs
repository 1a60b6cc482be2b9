//! The options of an app that are data.

mod registration;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use kit_registry::{Schemes, ServiceInstance};
use kit_sync::WatchdogOptions;
use kit_units::WrongOption;

pub use registration::RegistrationOptions;

use crate::bounds::DAY;
use crate::orchestrator::refuse_termination_message;
use crate::{Delivery, RunWatchdog, RuntimeOptions, SignalOptions, Timeouts};

/// The options of an app that are data: a file can hold them (feature `serde`), and
/// [`AppBuilder::options`](crate::AppBuilder::options) or [`from_settings`](crate::from_settings) applies
/// them. The defaults are those of the builder.
///
/// Name and version are not among them: they belong to the program, and not to the place in which it runs.
///
/// ```
/// # #[cfg(feature = "serde")]
/// # fn example() -> Result<(), toml::de::Error> {
/// use std::time::Duration;
///
/// use kit_app::{App, AppOptions, from_settings};
///
/// #[derive(Default, serde::Deserialize)]
/// #[serde(default, deny_unknown_fields)]
/// struct Settings {
///     app: AppOptions,
/// }
///
/// let settings: Settings = toml::from_str(
///     r#"
///         [app]
///         id = "orders-1"
///         metadata = { zone = "sh001" }
///         drain_delay = "5s"
///
///         [app.timeouts]
///         stop = "25s"
///
///         [app.registration]
///         registries = ["memory://"]
///     "#,
/// )?;
/// assert_eq!(settings.app.timeouts.stop, Duration::from_secs(25));
/// let app = App::builder("orders").apply(from_settings(&settings.app)).build();
/// assert_eq!(app.handle().info().id(), "orders-1");
/// assert_eq!(app.handle().info().metadata()["zone"], "sh001");
///
/// let wrong = toml::from_str::<Settings>("app.timeouts.stop = 25").err().expect("no unit");
/// assert!(wrong.message().contains("write \"25s\""));
/// # Ok(())
/// # }
/// # #[cfg(feature = "serde")]
/// # example().expect("settings");
/// ```
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppOptions {
    /// The instance's id, by which it differs from the others of its service. Default: a UUID of
    /// version 7.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub id: Option<String>,
    /// More entries for the metadata that registries show. Default: none.
    pub metadata: BTreeMap<String, String>,
    /// How long each stage may take.
    pub timeouts: Timeouts,
    /// How long requests are still taken after a stop began, at most 24 hours. Default: that of the
    /// drain profile, which is 0 s, 1 s with a registry, and 5 s in Kubernetes.
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
    pub drain_delay: Option<Duration>,
    /// In which registries the instance is shown, and with which endpoints.
    pub registration: RegistrationOptions,
    /// The admin server: its address, or a table with `listen` and `token`. Default: none.
    #[cfg(feature = "admin")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub admin: Option<crate::Admin>,
    /// The runtime that `App::main` makes; an app that is run in another one has none. Default: tokio's
    /// default runtime.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub runtime: Option<RuntimeOptions>,
    /// The limits of the watchdog.
    pub watchdog: WatchdogOptions,
    /// The watchdog of an app that is run inside another program: `none`, `reports` or `ends-process`.
    /// Default: `none`.
    pub run_watchdog: RunWatchdog,
    /// Which signal does what.
    pub signals: SignalOptions,
    /// How events reach the log and observers: `{ queued = { capacity = … } }`, or `inline`. Default: a
    /// queue of 1024 events for each.
    pub event_delivery: Delivery,
    /// The file in which the reason of a failed end is left, an absolute path. Default: in Kubernetes
    /// `/dev/termination-log`; elsewhere none.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub termination_message: Option<PathBuf>,
}

/// Refuses a delay that is no part of any stop.
pub(crate) fn refuse_drain_delay(delay: Duration) -> Option<WrongOption> {
    WrongOption::refuse_outside("drain_delay", delay, Duration::ZERO..=DAY)
}

impl AppOptions {
    /// Everything that is wrong, each with its key. An app with any of it does not start. The schemes of registries
    /// are those that an app knows from the start; a program that adds others calls
    /// [`check_with`](Self::check_with).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kit_app::AppOptions;
    ///
    /// let mut options = AppOptions::default();
    /// options.timeouts.stop = Duration::ZERO;
    /// let wrong = options.check();
    /// assert_eq!(wrong[0].to_string(), "`timeouts.stop` is 0s: it has to be from 1ms to 1d");
    /// ```
    #[must_use]
    pub fn check(&self) -> Vec<WrongOption> {
        self.check_with(|_| {})
    }

    /// [`check`](Self::check) with more schemes of registries: those that the program gives to
    /// [`AppBuilder::schemes`](crate::AppBuilder::schemes).
    ///
    /// ```
    /// use kit_app::{App, AppOptions, from_settings};
    /// use kit_registry::{Error, Memory, RegistryUrl, Schemes};
    ///
    /// // Of a plug-in.
    /// fn add_to(schemes: &mut Schemes) {
    ///     let check = |url: &str| RegistryUrl::parse(url)?.addresses(80).map(drop);
    ///     schemes.add_checked("paper", check, |_url, scope| Ok(Memory::new().open(scope)));
    /// }
    ///
    /// let mut options = AppOptions::default();
    /// options.registration.registries = vec!["paper://h1:0".to_owned()];
    /// assert_eq!(
    ///     options.check_with(add_to)[0].to_string(),
    ///     "`registration.registries[0]` is \"paper://h1:0\": it has to be a URL with another endpoint: \
    ///      host:port with a port from 1 to 65535, not \"h1:0\""
    /// );
    /// let app = App::builder("orders").schemes(add_to).apply(from_settings(&options)).build();
    /// # drop(app);
    /// ```
    #[must_use]
    pub fn check_with(&self, add_schemes: impl FnOnce(&mut Schemes)) -> Vec<WrongOption> {
        // Every field by its name, so that one that is added has to be looked at here.
        let AppOptions {
            id,
            metadata,
            timeouts,
            drain_delay,
            registration,
            #[cfg(feature = "admin")]
            admin,
            runtime,
            watchdog,
            run_watchdog: _,
            signals,
            event_delivery: _,
            termination_message,
        } = self;
        let inside = |key: &'static str, wrong: Vec<WrongOption>| {
            wrong.into_iter().map(move |wrong| wrong.inside(key))
        };
        let mut wrong: Vec<_> = id.as_deref().and_then(refuse_id).into_iter().collect();
        wrong.extend(refuse_metadata(metadata));
        wrong.extend(inside("timeouts", timeouts.check()));
        wrong.extend(drain_delay.and_then(refuse_drain_delay));
        wrong.extend(inside("registration", registration.check_with(add_schemes)));
        #[cfg(feature = "admin")]
        wrong.extend(inside(
            "admin",
            admin.iter().flat_map(crate::Admin::check).collect(),
        ));
        let runtime = runtime.iter().flat_map(RuntimeOptions::check).collect();
        wrong.extend(inside("runtime", runtime));
        wrong.extend(inside("watchdog", watchdog.check()));
        wrong.extend(inside("signals", signals.check()));
        let message = termination_message.as_deref();
        wrong.extend(message.and_then(refuse_termination_message));
        wrong
    }
}

/// Refuses an id that no registry takes.
fn refuse_id(id: &str) -> Option<WrongOption> {
    let error = ServiceInstance::builder(id, "any").build().err()?;
    refused("id", &error)
}

/// Refuses metadata that no registry takes.
fn refuse_metadata(metadata: &BTreeMap<String, String>) -> Option<WrongOption> {
    let mut instance = ServiceInstance::builder("any", "any");
    for (key, value) in metadata {
        instance = instance.metadata(key, value);
    }
    refused("metadata", &instance.build().err()?)
}

fn refused(key: &str, error: &kit_registry::Error) -> Option<WrongOption> {
    let kit_registry::Error::Invalid {
        value, expected, ..
    } = error
    else {
        return None;
    };
    Some(WrongOption::new(key, format!("{value:?}"), *expected))
}
