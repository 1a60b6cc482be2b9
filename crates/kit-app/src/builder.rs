//! How an application is put together.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Backend, Endpoint, Registrar};
use kit_sync::{BoxError, Scope, StopToken, WatchdogOptions};
use kit_transport::Server;

use crate::core::Core;
use crate::events::{Delivery, Events, Observer, Stamped};
use crate::hook::{Hook, HookContext, HookOptions, HookStage};
use crate::registration::Registry;
use crate::settings::{RegisterAtStart, Settings};
use crate::{App, Environment, Info, Signals, log};

/// Puts an [`App`] together; from [`App::builder`].
///
/// A singular noun *adds* (`server`, `before_start`, `metadata`), a scalar *replaces* (`version`,
/// `stop_timeout`). An option is any function from builder to builder, used with
/// [`apply`](Self::apply):
///
/// ```
/// use std::time::Duration;
///
/// use kit_app::{App, AppBuilder};
///
/// fn production(app: AppBuilder) -> AppBuilder {
///     app.metadata("zone", "sh001").stop_timeout(Duration::from_secs(25))
/// }
///
/// let app = App::builder("helloworld").version("1.2.0").apply(production).build();
/// assert_eq!(app.handle().info().metadata()["zone"], "sh001");
/// ```
#[must_use = "a builder does nothing until `build` is called and the app is run"]
pub struct AppBuilder {
    name: String,
    id: Option<String>,
    version: String,
    metadata: BTreeMap<String, String>,
    observers: Vec<Observer>,
    delivery: Delivery,
    settings: Settings,
}

impl AppBuilder {
    fn new(name: String) -> AppBuilder {
        AppBuilder {
            name,
            id: None,
            version: String::new(),
            metadata: BTreeMap::new(),
            observers: Vec::new(),
            delivery: Delivery::default(),
            settings: Settings::default(),
        }
    }

    // === who it is ===

    /// Replaces the instance's id. Default: a UUID of version 7.
    pub fn id(mut self, id: impl Into<String>) -> AppBuilder {
        self.id = Some(id.into());
        self
    }

    /// Replaces the version. Default: empty.
    pub fn version(mut self, version: impl Into<String>) -> AppBuilder {
        self.version = version.into();
        self
    }

    /// Adds one entry to the metadata that registries show.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> AppBuilder {
        self.metadata.insert(key.into(), value.into());
        self
    }

    // === what it runs ===

    /// Adds a component.
    pub fn server(mut self, server: impl Server) -> AppBuilder {
        self.settings.servers.push(Arc::new(server));
        self
    }

    /// Adds a value to every request's extensions.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> AppBuilder {
        self.settings.extensions.insert(value);
        self
    }

    /// Adds a hook that runs before the first component starts; an error ends the start. It has
    /// the [`hook_timeout`](Self::hook_timeout).
    pub fn before_start<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::BeforeStart, name, HookOptions::new(), hook)
    }

    /// [`before_start`](Self::before_start) with options of its own.
    pub fn before_start_with<F, Fut>(
        self,
        name: impl Into<String>,
        options: HookOptions,
        hook: F,
    ) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::BeforeStart, name, options, hook)
    }

    /// Adds a hook that runs once the instance is registered, before the app is ready; an error
    /// ends the start. It has the [`hook_timeout`](Self::hook_timeout).
    pub fn after_start<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::AfterStart, name, HookOptions::new(), hook)
    }

    /// [`after_start`](Self::after_start) with options of its own.
    pub fn after_start_with<F, Fut>(
        self,
        name: impl Into<String>,
        options: HookOptions,
        hook: F,
    ) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::AfterStart, name, options, hook)
    }

    /// Adds a hook that runs at the beginning of every stop, before the instance is deregistered.
    /// All of them together have a fifth of `stop_timeout`, at most 4 s. An error is reported and
    /// keeps nothing from going on.
    pub fn before_stop<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::BeforeStop, name, HookOptions::new(), hook)
    }

    /// Adds a hook that runs at the end of every stop, after the last component has ended. An
    /// error is reported and keeps nothing from going on.
    pub fn after_stop<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::AfterStop, name, HookOptions::new(), hook)
    }

    fn hook<F, Fut>(
        mut self,
        stage: HookStage,
        name: impl Into<String>,
        options: HookOptions,
        hook: F,
    ) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let hook = Hook::new(stage, name.into(), options, hook);
        self.settings.hooks.add(hook);
        self
    }

    // === where others find it ===

    /// Adds a registry by URL, such as `etcd://127.0.0.1:2379`. Opened when the app runs, by the
    /// [`scheme`](Self::scheme) table.
    pub fn registry(mut self, url: impl Into<String>) -> AppBuilder {
        self.settings.registries.push(Registry::Url(url.into()));
        self
    }

    /// Adds a registry of your own; `name` is for the log and the report.
    pub fn registrar(mut self, name: impl Into<String>, registrar: impl Registrar) -> AppBuilder {
        self.settings
            .registries
            .push(Registry::Given(name.into(), Arc::new(registrar)));
        self
    }

    /// Adds a scheme to those that [`registry`](Self::registry) knows: `memory`, and `etcd` with
    /// that feature.
    pub fn scheme<F>(mut self, scheme: impl Into<String>, open: F) -> AppBuilder
    where
        F: Fn(&str, &Scope) -> Result<Backend, kit_registry::Error> + Send + Sync + 'static,
    {
        self.settings.schemes.add(scheme, open);
        self
    }

    /// Replaces whether the start waits for the registries. Default: it does.
    pub fn register_at_start(mut self, policy: RegisterAtStart) -> AppBuilder {
        self.settings.register_at_start = policy;
        self
    }

    /// Replaces how long the start waits for the registries. Default: 8 s.
    pub fn register_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.register_timeout = limit;
        self
    }

    /// Adds an endpoint to show in registries, instead of the addresses that servers listen at.
    pub fn endpoint(mut self, endpoint: Endpoint) -> AppBuilder {
        self.settings.advertise.endpoints.push(endpoint);
        self
    }

    /// Replaces the host of the endpoints to show. Default: that of the listening address, and for
    /// an unspecified one (`0.0.0.0`, `[::]`) the first global address of an interface that is up,
    /// IPv4 first, in a family at which the server listens. Where there is none it is loopback, and
    /// when a registry is read by others an [`Event::LoopbackAdvertised`](crate::Event::LoopbackAdvertised) says so.
    pub fn advertise_host(mut self, host: impl Into<String>) -> AppBuilder {
        self.settings.advertise.host = Some(host.into());
        self
    }

    // === how it starts and stops ===

    /// Replaces how long each component may take to start. Default: 15 s.
    pub fn start_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.start_timeout = limit;
        self
    }

    /// Replaces how long each hook of the start may take. Default: 5 min; a hook with
    /// [options](HookOptions) of its own may have more or less. Then the hook's token is cancelled
    /// and the start fails; the hook may go on until the deadline of the stop, so that a migration
    /// is not cut in half.
    pub fn hook_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.hook_timeout = limit;
        self
    }

    /// Replaces how long the start waits for readiness latches once every component has started.
    /// Default: 5 min. Then the start fails and names the latches that are not open.
    pub fn gate_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.gate_timeout = limit;
        self
    }

    /// Replaces how long a whole stop may take. Default: 20 s, which fits Kubernetes' 30 s.
    pub fn stop_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.stop_timeout = limit;
        self
    }

    /// Replaces the limits of the watchdog that [`App::main`] has: it names what blocks the
    /// runtime, and ends the process when a stop does not end. [`App::run`] has none.
    pub fn watchdog(mut self, options: WatchdogOptions) -> AppBuilder {
        self.settings.watchdog = options;
        self
    }

    /// Replaces how long requests are still taken after a stop began; `None` for that of the
    /// [`DrainProfile`](crate::DrainProfile), which is the default.
    pub fn drain_delay(mut self, delay: impl Into<Option<Duration>>) -> AppBuilder {
        self.settings.drain_delay = delay.into();
        self
    }

    /// Replaces where signals come from, and which one does what. Default: the operating system,
    /// with the roles of [`Signals`].
    pub fn signals(mut self, signals: Signals) -> AppBuilder {
        self.settings.signals = signals;
        self
    }

    /// Replaces what is known of the surroundings. Default: [`App::main`] detects it,
    /// [`App::run`] takes nothing.
    pub fn environment(mut self, environment: Environment) -> AppBuilder {
        self.settings.environment = Some(environment);
        self
    }

    /// Stops the app when `parent` is cancelled; a `CancellationToken` converts.
    pub fn parent(mut self, parent: impl Into<StopToken>) -> AppBuilder {
        self.settings.parent = Some(parent.into());
        self
    }

    /// Adds an observer: a function that is called with every [`Event`](crate::Event), in order.
    /// The app does not wait for it (see [`event_delivery`](Self::event_delivery)); it is called
    /// on a thread of its own, inside the app's runtime. A panic in it is caught and changes
    /// nothing.
    #[track_caller]
    pub fn observer(mut self, observe: impl Fn(&Stamped) + Send + Sync + 'static) -> AppBuilder {
        self.observers.push(Observer {
            name: format!("observer of {}", Location::caller()),
            observe: Box::new(observe),
        });
        self
    }

    /// Replaces how events are delivered to the log and to observers. Default: each has a queue
    /// of 1 024 events and a thread of its own.
    pub fn event_delivery(mut self, delivery: Delivery) -> AppBuilder {
        self.delivery = delivery;
        self
    }

    /// Applies an option: any function from builder to builder, such as a bundle of options.
    pub fn apply(self, option: impl FnOnce(AppBuilder) -> AppBuilder) -> AppBuilder {
        option(self)
    }

    /// The app. What can be wrong with its parts is said by [`App::run`].
    pub fn build(self) -> App {
        let AppBuilder {
            name,
            id,
            version,
            metadata,
            mut observers,
            delivery,
            settings,
        } = self;
        let id = id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string());
        let info = Arc::new(Info::new(id, name, version, metadata));
        observers.insert(0, log::observer(Arc::clone(&info)));
        let core = Core::new(info, Events::new(delivery, observers));
        App::new(core, settings)
    }
}

impl App {
    /// Begins an app; `name` is the service's, as registries show it.
    pub fn builder(name: impl Into<String>) -> AppBuilder {
        AppBuilder::new(name.into())
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
