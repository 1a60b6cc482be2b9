//! The builder of an application: what it collects before the run.

#[cfg(all(test, feature = "admin", feature = "schema"))]
mod options_tests;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Endpoint, Registrar, Schemes};
use kit_sync::{BoxError, StopToken, WatchdogOptions};
use kit_transport::{Context, Server};

use crate::app::App;
use crate::component::Workers;
use crate::core::Core;
use crate::events::{Delivery, Events, Observer, Stamped};
use crate::health::{Check, CheckContext, CheckOptions, Health};
use crate::hook::{Hook, HookContext, HookOptions, HookStage};
use crate::info::Identity;
use crate::last_step::LastStep;
use crate::process::Runnable;
use crate::registration::Registry;
use crate::reload::{ReloadHook, ReloadRequests};
use crate::resource::{Resource, ResourceOptions};
use crate::settings::{RegisterAtStart, Settings};
use crate::worker::work::{Work, WorkKind};
use crate::{
    AppOptions, Environment, Every, Info, Notifier, RegistrationOptions, RunWatchdog,
    RuntimeOptions, Signals, Timeouts, WorkerGroup, WorkerOptions, log,
};

impl App {
    /// Begins an app; `name` is the service's, as registries show it.
    pub fn builder(name: impl Into<String>) -> AppBuilder {
        AppBuilder {
            identity: Identity::of(name.into()),
            observers: Vec::new(),
            delivery: Delivery::default(),
            on_build: Vec::new(),
            settings: Settings::default(),
        }
    }
}

type OnBuild = Box<dyn FnOnce(&Info) + Send>;

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
    identity: Identity,
    observers: Vec<Observer>,
    delivery: Delivery,
    on_build: Vec<OnBuild>,
    pub(crate) settings: Settings,
}

impl AppBuilder {
    // === its identity ===

    /// Replaces the instance's id. Default: a UUID of version 7.
    pub fn id(mut self, id: impl Into<String>) -> AppBuilder {
        self.identity.id = Some(id.into());
        self
    }

    /// Replaces the version. Default: empty.
    pub fn version(mut self, version: impl Into<String>) -> AppBuilder {
        self.identity.version = version.into();
        self
    }

    /// Adds one entry to the metadata that registries show.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> AppBuilder {
        self.identity.metadata.insert(key.into(), value.into());
        self
    }

    /// Replaces and adds everything that [`AppOptions`] hold, such as those of a file: metadata,
    /// registries and endpoints are added, everything else replaces. Methods called after it win, and so
    /// a program calls this first; its own defaults belong to the options that it starts from.
    ///
    /// The table of [`signals`](AppOptions::signals) replaces which signal does what, and not where signals
    /// come from.
    pub fn options(mut self, options: &AppOptions) -> AppBuilder {
        // Every field by its name, so that one that is added has to be used here.
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
            run_watchdog,
            signals,
            event_delivery,
            termination_message,
        } = options;
        self.identity.id.clone_from(id);
        for (key, value) in metadata {
            self = self.metadata(key, value);
        }
        #[cfg(feature = "admin")]
        self.settings.admin.clone_from(admin);
        self.settings.runtime.clone_from(runtime);
        let message = &mut self.settings.termination_message;
        message.clone_from(termination_message);
        let by_role = std::mem::take(&mut self.settings.signals).options(signals);
        self.timeouts(timeouts)
            .registration(registration)
            .drain_delay(*drain_delay)
            .watchdog(watchdog.clone())
            .run_watchdog(*run_watchdog)
            .signals(by_role)
            .event_delivery(*event_delivery)
    }

    fn timeouts(self, timeouts: &Timeouts) -> AppBuilder {
        let Timeouts {
            start,
            hook,
            reload,
            gate,
            register,
            stop,
        } = *timeouts;
        self.start_timeout(start)
            .hook_timeout(hook)
            .reload_timeout(reload)
            .gate_timeout(gate)
            .register_timeout(register)
            .stop_timeout(stop)
    }

    fn registration(mut self, options: &RegistrationOptions) -> AppBuilder {
        let RegistrationOptions {
            registries,
            at_start,
            endpoints,
            advertise_host,
            cache_dir,
        } = options;
        for url in registries {
            self = self.registry(url);
        }
        for endpoint in endpoints {
            self = self.endpoint(endpoint.clone());
        }
        self.settings.advertise.host.clone_from(advertise_host);
        self.settings.cache_dir.clone_from(cache_dir);
        self.register_at_start(*at_start)
    }

    /// Calls `take` with the identity once it is known, when the app is [built](Self::build): for options
    /// that write it elsewhere, such as into each line of a log.
    pub fn on_build(mut self, take: impl FnOnce(&Info) + Send + 'static) -> AppBuilder {
        self.on_build.push(Box::new(take));
        self
    }

    // === its components and hooks ===

    /// Adds a component.
    pub fn server(mut self, server: impl Server) -> AppBuilder {
        self.settings.servers.push(Arc::new(server));
        self
    }

    /// Adds a resource: a value on which components build, such as a pool of connections. `open` is
    /// called before every component starts, once, and gives the value; `close` gets it when every
    /// component has drained, before the `after_stop` hooks.
    ///
    /// Resources are opened one after the other, in the order in which they were given, and closed in
    /// the reverse order. Each is found by its type: with [`Context::get`] by what starts after it
    /// (resources, components, the function of `http::Server::from_fn`), with [`HookContext::get`] by
    /// hooks, with `CallContext::app` by requests. So its type has to be its alone: two pools of one
    /// type are wrapped in two types.
    ///
    /// Whether it still answers is a [check](ResourceOptions::check) among its
    /// [options](Self::resource_with).
    ///
    /// `open` has the [`start_timeout`](Self::start_timeout), and `close` an equal share of the time
    /// that the stop leaves for resources; [`resource_with`](Self::resource_with) has other limits.
    /// Tasks that `open` spawns in the scope of its context are cancelled once `close` has returned.
    /// When `open` fails, panics or is called off, the resources before it are closed; the tasks that it has
    /// spawned are cancelled, and have the time of its `close`. An error or a
    /// panic of `close` is reported, and keeps nothing from going on.
    ///
    /// ```
    /// use std::io;
    ///
    /// use kit_app::App;
    /// # #[derive(Clone)]
    /// # struct Pool;
    /// # impl Pool {
    /// #     async fn connect(_: &str) -> io::Result<Pool> { Ok(Pool) }
    /// #     async fn migrate(&self) -> io::Result<()> { Ok(()) }
    /// #     async fn close(&self) {}
    /// # }
    ///
    /// let app = App::builder("orders").resource(
    ///     "db",
    ///     |_ctx| async {
    ///         let pool = Pool::connect("orders.db").await?;
    ///         pool.migrate().await?;
    ///         Ok(pool)
    ///     },
    ///     |pool: Pool| async move {
    ///         pool.close().await;
    ///         Ok(())
    ///     },
    /// );
    /// ```
    #[track_caller]
    pub fn resource<T, O, OFut, C, CFut>(
        self,
        name: impl Into<String>,
        open: O,
        close: C,
    ) -> AppBuilder
    where
        T: Clone + Send + Sync + 'static,
        O: FnOnce(Context) -> OFut + Send + 'static,
        OFut: Future<Output = Result<T, BoxError>> + Send + 'static,
        C: FnOnce(T) -> CFut + Send + 'static,
        CFut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.resource_with(name, ResourceOptions::new(), open, close)
    }

    /// [`resource`](Self::resource) with separate options.
    #[track_caller]
    pub fn resource_with<T, O, OFut, C, CFut>(
        mut self,
        name: impl Into<String>,
        mut options: ResourceOptions<T>,
        open: O,
        close: C,
    ) -> AppBuilder
    where
        T: Clone + Send + Sync + 'static,
        O: FnOnce(Context) -> OFut + Send + 'static,
        OFut: Future<Output = Result<T, BoxError>> + Send + 'static,
        C: FnOnce(T) -> CFut + Send + 'static,
        CFut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let name = name.into();
        self.settings.checks.extend(options.take_check(&name));
        let resource = Resource::new(name, options.limits, open, close);
        self.settings.resources.push(resource);
        self
    }

    /// Adds a worker: work that runs until its scope is cancelled, such as the consumer of a queue. Its
    /// end before a stop, also with `Ok`, is a failure, and a failure stops the app; see
    /// [`worker_with`](Self::worker_with) for another [`Policy`](crate::Policy).
    ///
    /// It starts before the servers and is drained after them. Its [`Context`] has the scope for the tasks
    /// that it spawns, and the [intake](Context::intake), which says when to stop taking in work. `work`
    /// is called once for each run, which has a scope to itself. A panic, of the call as well, is a
    /// failure.
    ///
    /// ```
    /// use kit_app::App;
    ///
    /// # async fn next_message() -> Option<u32> { None }
    /// let app = App::builder("orders").worker("outbox", |ctx| async move {
    ///     while ctx.intake().opened().await.is_ok() {
    ///         tokio::select! {
    ///             biased;
    ///             () = ctx.intake().closed() => {}
    ///             message = next_message() => println!("{message:?}"),
    ///         }
    ///     }
    ///     Ok(())
    /// });
    /// ```
    #[track_caller]
    pub fn worker<F, Fut>(self, name: impl Into<String>, work: F) -> AppBuilder
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.worker_with(name, WorkerOptions::new(), work)
    }

    /// [`worker`](Self::worker) with separate options.
    #[track_caller]
    pub fn worker_with<F, Fut>(
        self,
        name: impl Into<String>,
        options: WorkerOptions,
        work: F,
    ) -> AppBuilder
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let work = Work::new(name.into(), WorkKind::Worker, work);
        self.server(Workers::alone(work, options))
    }

    /// Adds a job: work that ends by itself, with `Ok`. An app of nothing but jobs stops when the last of
    /// them has ended, with exit code 0; a failure stops it with 1. A stop cancels the job's scope at the
    /// drain and waits for it until the deadline.
    ///
    /// ```
    /// use kit_app::App;
    ///
    /// let app = App::builder("import").job("import", |_ctx| async { Ok(()) });
    /// ```
    #[track_caller]
    pub fn job<F, Fut>(self, name: impl Into<String>, work: F) -> AppBuilder
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.job_with(name, WorkerOptions::new(), work)
    }

    /// [`job`](Self::job) with separate options.
    #[track_caller]
    pub fn job_with<F, Fut>(
        self,
        name: impl Into<String>,
        options: WorkerOptions,
        work: F,
    ) -> AppBuilder
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let work = Work::new(name.into(), WorkKind::Job, work);
        self.server(Workers::alone(work, options))
    }

    /// Adds a worker whose work is done again and again: `work` is called once for each time of
    /// [`Every`], and its tasks end before the next. While it runs, and while the
    /// [intake](Context::intake) is closed, times are skipped.
    #[track_caller]
    pub fn every<F, Fut>(
        self,
        name: impl Into<String>,
        every: impl Into<Every>,
        work: F,
    ) -> AppBuilder
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.every_with(name, every, WorkerOptions::new(), work)
    }

    /// [`every`](Self::every) with separate options. With [`Policy::Ignore`](crate::Policy::Ignore) a
    /// failure is reported and the next time comes.
    #[track_caller]
    pub fn every_with<F, Fut>(
        self,
        name: impl Into<String>,
        every: impl Into<Every>,
        options: WorkerOptions,
        work: F,
    ) -> AppBuilder
    where
        F: FnMut(Context) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let work = Work::new(name.into(), WorkKind::Every(every.into()), work);
        self.server(Workers::alone(work, options))
    }

    /// Adds a group of workers that begin anew together.
    pub fn worker_group(self, group: WorkerGroup) -> AppBuilder {
        self.server(Workers::group(group))
    }

    /// Adds a value to every request's extensions: handlers of axum take it as `Extension<T>`, and
    /// services of tonic by `request.extensions().get::<T>()`. Each value costs every request a clone
    /// of it and an allocation; axum's `State`, and a field of the service, cost nothing. The app's own
    /// [`Info`](crate::Info) and [`AppHandle`](crate::AppHandle) need not be added.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, value: T) -> AppBuilder {
        self.settings.extensions.insert(value);
        self
    }

    /// Adds a hook that runs before the first component starts; an error ends the start. It has
    /// the [`hook_timeout`](Self::hook_timeout).
    #[track_caller]
    pub fn before_start<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::BeforeStart, name, HookOptions::new(), hook)
    }

    /// [`before_start`](Self::before_start) with separate options.
    #[track_caller]
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
    #[track_caller]
    pub fn after_start<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::AfterStart, name, HookOptions::new(), hook)
    }

    /// [`after_start`](Self::after_start) with separate options.
    #[track_caller]
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
    #[track_caller]
    pub fn before_stop<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::BeforeStop, name, HookOptions::new(), hook)
    }

    /// Adds a hook that runs at the end of every stop, after the last component has ended. An
    /// error is reported and keeps nothing from going on.
    #[track_caller]
    pub fn after_stop<F, Fut>(self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: FnOnce(HookContext) -> Fut + Send + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.hook(HookStage::AfterStop, name, HookOptions::new(), hook)
    }

    /// Adds a step that comes after everything else of a stop, on a plain thread and with its own limit, which is part
    /// of the [`stop_timeout`](Self::stop_timeout): all of them together have a quarter of it at most.
    pub fn last_step(mut self, step: LastStep) -> AppBuilder {
        self.settings.last_steps.push(step);
        self
    }

    /// Adds a hook that is called when the app is to read something again, while it goes on: a SIGHUP,
    /// or [`AppHandle::reload`](crate::AppHandle::reload), as often as that happens.
    ///
    /// Hooks of a reload run one after the other, in the order in which they were given, and each finds
    /// the resources with [`HookContext::get`]. A failure or a panic is an event
    /// ([`Event::ReloadHookEnded`](crate::Event::ReloadHookEnded)) and a warning, and the app goes on with
    /// what it had: a hook checks what it has read before it takes it. Each has the
    /// [`reload_timeout`](Self::reload_timeout); then its token is cancelled and it is dropped; one that blocks its
    /// thread cannot be, and is not called again before it has ended. Requests
    /// that come during a reload are one more reload after it, and those during the start are one once the
    /// app is ready. When a stop begins the hook's token is cancelled; it may go on beside the stop, which
    /// does not wait for it, until the resources are closed.
    ///
    /// ```
    /// use std::sync::{Arc, RwLock};
    ///
    /// use kit_app::App;
    ///
    /// # fn read_greeting() -> std::io::Result<String> { Ok("Hello".to_owned()) }
    /// let greeting = Arc::new(RwLock::new("Hello".to_owned()));
    /// let app = App::builder("greeter").on_reload("greeting", move |_hook| {
    ///     let greeting = Arc::clone(&greeting);
    ///     async move {
    ///         let read = read_greeting()?;
    ///         *greeting.write().map_err(|_| "poisoned")? = read;
    ///         Ok(())
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn on_reload<F, Fut>(mut self, name: impl Into<String>, hook: F) -> AppBuilder
    where
        F: Fn(HookContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let hook = ReloadHook::new(name.into(), hook);
        self.settings.reload_hooks.push(hook);
        self
    }

    #[track_caller]
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

    // === its health ===

    /// Adds a required check with the default [`CheckOptions`]: while it fails, the app is not ready
    /// and gRPC health says `NOT_SERVING`. The instance stays registered.
    ///
    /// It runs in the background from the moment at which every component has started. The start waits
    /// for its first result, whichever it is. A run that panics, or that has not ended at its timeout,
    /// has failed.
    ///
    /// ```
    /// use kit_app::App;
    ///
    /// # #[derive(Clone)] struct Pool;
    /// # impl Pool { async fn ping(&self) -> std::io::Result<()> { Ok(()) } }
    /// let app = App::builder("orders")
    ///     .resource("pool", async |_ctx| Ok(Pool), async |_pool: Pool| Ok(()))
    ///     .check("database", |check| async move {
    ///         let pool: Pool = check.get()?;
    ///         Ok(pool.ping().await?)
    ///     });
    /// ```
    #[track_caller]
    pub fn check<F, Fut>(self, name: impl Into<String>, check: F) -> AppBuilder
    where
        F: Fn(CheckContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.check_with(name, CheckOptions::new(), check)
    }

    /// Adds a check like [`check`](Self::check), with these options.
    #[track_caller]
    pub fn check_with<F, Fut>(
        mut self,
        name: impl Into<String>,
        options: CheckOptions,
        check: F,
    ) -> AppBuilder
    where
        F: Fn(CheckContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let check = Check::new(name.into(), options, check);
        self.settings.checks.push(check);
        self
    }

    /// Gives the app an admin server at this address: probes, the state of the app, and commands to
    /// drain and to stop it. It has its own thread and runtime, so it answers also while every thread
    /// of the app's runtime is blocked. It starts before the first hook and ends after the last one, and
    /// is in no registry. Default: none.
    ///
    /// Commands need a [token](crate::Admin::token), a Unix socket, or development.
    #[cfg(feature = "admin")]
    pub fn admin(mut self, admin: impl Into<crate::Admin>) -> AppBuilder {
        self.settings.admin = Some(admin.into());
        self
    }

    /// Adds a route to the [admin server](Self::admin), which lists it on its page `/`. Without one it has no
    /// effect.
    #[cfg(feature = "admin")]
    pub fn admin_route(mut self, route: crate::AdminRoute) -> AppBuilder {
        self.settings.admin_routes.push(route);
        self
    }

    // === its registries ===

    /// Adds a registry by URL, such as `etcd://127.0.0.1:2379`. Opened when the app runs, by one of the
    /// [`schemes`](Self::schemes).
    pub fn registry(mut self, url: impl Into<String>) -> AppBuilder {
        self.settings.registries.push(Registry::Url(url.into()));
        self
    }

    /// Adds a registry that you have opened; `name` is for the log and the report.
    pub fn registrar(mut self, name: impl Into<String>, registrar: impl Registrar) -> AppBuilder {
        self.settings
            .registries
            .push(Registry::Given(name.into(), Arc::new(registrar)));
        self
    }

    /// Adds schemes to those that [`registry`](Self::registry) knows: `memory`, `local` with that feature, `etcd` and
    /// `consul` with those features, `etcds` and `consuls` with the features `etcd-tls` and `consul-tls`.
    ///
    /// `add` is the function of a plug-in, such as `registry_plugin::add_to`, or calls those of several. A URL that a
    /// scheme's own check refuses is refused before anything of the app begins;
    /// [`AppOptions::check_with`](crate::AppOptions::check_with) takes the same function, for the load of settings.
    ///
    /// ```
    /// use kit_app::App;
    /// use kit_registry::Memory;
    ///
    /// let staging = Memory::new();
    /// let app = App::builder("orders")
    ///     .schemes(|schemes| {
    ///         schemes.add("staging", move |_url, scope| Ok(staging.open(scope)));
    ///     })
    ///     .registry("staging:")
    ///     .build();
    /// # drop(app);
    /// ```
    pub fn schemes(mut self, add: impl FnOnce(&mut Schemes)) -> AppBuilder {
        add(&mut self.settings.schemes);
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

    /// Keeps lists of instances in this directory, an absolute path: while a registry does not answer, the last
    /// known instances are found there by [`registries`](crate::AppHandle::registries), also after a restart.
    /// An app that is to start without its registries has
    /// [`RegisterAtStart::Background`](crate::RegisterAtStart::Background) as well. Default: none is kept.
    pub fn cache_dir(mut self, directory: impl Into<PathBuf>) -> AppBuilder {
        self.settings.cache_dir = Some(directory.into());
        self
    }

    // === how it starts and stops ===

    /// Replaces how long each component may take to start. Default: 15 s.
    pub fn start_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.start_timeout = limit;
        self
    }

    /// Replaces how long each hook of the start may take. Default: 5 min; a hook with
    /// separate [options](HookOptions) may have more or less. Then the hook's token is cancelled
    /// and the start fails; the hook may go on until the deadline of the stop, so that a migration
    /// is not cut in half.
    pub fn hook_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.hook_timeout = limit;
        self
    }

    /// Replaces how long each hook of a [reload](Self::on_reload) may take. Default: 30 s. Then its
    /// token is cancelled, it is dropped, and the app goes on.
    pub fn reload_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.reload_timeout = limit;
        self
    }

    /// Replaces how long the start waits for readiness latches once every component has started.
    /// Default: 5 min. Then the start fails and names the latches that are not open.
    pub fn gate_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.gate_timeout = limit;
        self
    }

    /// Replaces how long a whole stop may take, from 1 ms to 24 hours. Default: 20 s, which fits Kubernetes'
    /// 30 s.
    pub fn stop_timeout(mut self, limit: Duration) -> AppBuilder {
        self.settings.stop_timeout = limit;
        self
    }

    /// Replaces the options of the runtime that [`App::main`] makes. [`App::run`] uses the one that
    /// it is called in: options for another one are an error there. So they are of an app that
    /// [`App::main_with`] has built; there they are given to [`App::main_with_runtime`].
    pub fn runtime(mut self, options: RuntimeOptions) -> AppBuilder {
        self.settings.runtime = Some(options);
        self
    }

    /// Gives an app that is [run](App::run) inside another program a watchdog. Default: it has none.
    /// Under [`App::main`], whose watchdog ends the process, this has no effect. It is a thread, also
    /// with [`Delivery::Inline`].
    ///
    /// ```
    /// use kit_app::{App, RunWatchdog};
    ///
    /// # #[tokio::main]
    /// # async fn main() {
    /// let app = App::builder("embedded").run_watchdog(RunWatchdog::Reports).build();
    /// # app.handle().stop("shown");
    /// app.run().await.expect("a clean stop");
    /// # }
    /// ```
    pub fn run_watchdog(mut self, watchdog: RunWatchdog) -> AppBuilder {
        self.settings.run_watchdog = watchdog;
        self
    }

    /// Replaces the limits of the watchdog that [`App::main`] has: it names what blocks the
    /// runtime, and ends the process when a stop does not end. [`App::run`] has one only with
    /// [`run_watchdog`](Self::run_watchdog).
    pub fn watchdog(mut self, options: WatchdogOptions) -> AppBuilder {
        self.settings.watchdog = options;
        self
    }

    /// Replaces how long requests are still taken after a stop began; `None` for that of the
    /// [`DrainProfile`](crate::DrainProfile), which is the default. It is cut to half of the
    /// [`stop_timeout`](Self::stop_timeout), with a warning at the start; more than 24 hours is an error of
    /// [`App::run`].
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

    /// Replaces the facts about the surroundings. Default: [`App::main`] detects it,
    /// [`App::run`] takes nothing.
    pub fn environment(mut self, environment: Environment) -> AppBuilder {
        self.settings.environment = Some(environment);
        self
    }

    /// Tells the service manager at this socket how the app fares, as [`App::main`] does by itself when the
    /// environment names one: that it is ready, reloads and stops, what it waits for, and that it is alive.
    /// Default: [`App::run`] tells none. It is a thread, also with [`Delivery::Inline`].
    pub fn notifier(mut self, notifier: Notifier) -> AppBuilder {
        self.settings.notifier = Some(notifier);
        self
    }

    /// Leaves the reason of a failed end in this file, an absolute path: the failures in order, at most
    /// 4096 bytes. Default: in Kubernetes `/dev/termination-log`, which `kubectl describe pod` shows;
    /// elsewhere none. A pod that has another `terminationMessagePath` needs it here as well.
    pub fn termination_message(mut self, path: impl Into<PathBuf>) -> AppBuilder {
        self.settings.termination_message = Some(path.into());
        self
    }

    /// Stops the app when `parent` is cancelled; a `CancellationToken` converts.
    pub fn parent(mut self, parent: impl Into<StopToken>) -> AppBuilder {
        self.settings.parent = Some(parent.into());
        self
    }

    /// Adds an observer: a function that is called with every [`Event`](crate::Event), in order.
    /// The app does not wait for it (see [`event_delivery`](Self::event_delivery)); it is called
    /// on its own thread, inside the app's runtime. A panic in it is caught and changes
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
    /// of 1 024 events and its own thread.
    pub fn event_delivery(mut self, delivery: Delivery) -> AppBuilder {
        self.delivery = delivery;
        self
    }

    /// Applies an option: any function from builder to builder, such as a bundle of options.
    pub fn apply(self, option: impl FnOnce(AppBuilder) -> AppBuilder) -> AppBuilder {
        option(self)
    }

    /// The app. Options that are wrong are errors of [`App::run`], all of them at once, before anything
    /// begins.
    pub fn build(mut self) -> App {
        let info = self.identity.into_info();
        self.on_build.into_iter().for_each(|take| take(&info));
        self.observers.insert(0, log::observer(info.clone()));
        let events = Events::new(self.delivery, self.observers);
        let settings = self.settings;
        let reloads = ReloadRequests::new(!settings.reload_hooks.is_empty());
        let health = Health::new(settings.checks.iter().map(Check::record).collect());
        let core = Core::new(info, events, health, reloads);
        App::new(Runnable::new(core, settings))
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBuilder")
            .field("name", &self.identity.name)
            .finish_non_exhaustive()
    }
}
