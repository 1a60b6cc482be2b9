//! The app of a test.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::thread::panicking;
use std::time::Duration;

use kit_registry::{Discovery as _, Memory, ServiceName};
use kit_sync::TaskTree;
use kit_transport::Listening;
use tokio::time::Instant;

use super::client::HttpClient;
use super::executor::ClientTasks;
use super::failures::Failures;
use super::home::{Ended, Home};
use crate::plural::plural;
use crate::registration::Registry;
use crate::{AppBuilder, AppHandle, Environment, Report, RunError, Signals};

/// The name of the admin server.
const ADMIN: &str = "admin";

/// A whole app inside a test: see the [module](super).
///
/// It differs from what `App::main` runs in these points:
/// - Servers bind free ports of 127.0.0.1 ([`FreePorts`](kit_transport::FreePorts)).
/// - No signal reaches it.
/// - Registries are replaced by one [memory registry](Self::registry), and nothing about the
///   surroundings is detected.
/// - A stop has no drain delay.
///
/// It runs in a thread and a runtime made for it, so that a test on a current-thread runtime does
/// not hold it up, and so that all that is left in that runtime at the end is the app's. A test ends
/// it with [`stop`](Self::stop), or with [`end`](Self::end) when it stops by itself; one that is
/// dropped before that has resolved fails the test. The drop stops the app and blocks its thread until
/// the app has ended, for at most 3 s, so that the message has the failures of the app, those of that stop
/// among them, and the rest that is left. In a test that panics already, those are printed, and so are those of an
/// app that ends later.
///
/// It belongs to the body of its test. A drop fails the test by a panic, and tokio keeps that of a spawned
/// task from its test: one that is dropped in such a task, or with a runtime that ends before it, leaves
/// its message on the standard error output, and the test passes.
///
/// Its clients have their connections in the test's runtime, in tasks that end with the `TestApp`.
#[derive(Debug)]
#[must_use = "an app that is dropped fails its test: end it with `stop`"]
pub struct TestApp {
    handle: AppHandle,
    registry: Memory,
    failures: Failures,
    /// Where the connections of clients live, in the runtime of the test.
    clients: TaskTree,
    /// Until the test has seen the end.
    home: Option<Home>,
}

impl TestApp {
    /// Starts the app, and resolves when it is ready.
    ///
    /// # Panics
    /// When it cannot start, with its report.
    ///
    /// # Cancel safety
    /// Dropping it asks the app to stop, and fails the test, as dropping the app does.
    pub async fn start(app: AppBuilder) -> TestApp {
        match TestApp::try_start(app).await {
            Ok(app) => app,
            Err(error) => panic!("the app did not start:\n{error}{}", report_of(&error)),
        }
    }

    /// Starts the app, and resolves when it is ready or has failed to be.
    ///
    /// # Errors
    /// That of the app's run, when it stopped before it was ready.
    ///
    /// # Panics
    /// When it has failed and left something behind; when it stopped in good order before it was
    /// ready.
    ///
    /// # Cancel safety
    /// As [`start`](Self::start).
    pub async fn try_start(mut app: AppBuilder) -> Result<TestApp, RunError> {
        let registry = Memory::new();
        let failures = Failures::default();
        let observed = failures.clone();
        let opened = registry.clone();
        app.settings.free_ports = true;
        app.settings.registries = vec![Registry::Url("memory-of-test:".to_owned())];
        let app = app
            .schemes(|schemes| {
                schemes.add("memory-of-test", move |_, scope| Ok(opened.open(scope)));
            })
            .signals(Signals::none())
            .environment(Environment::default())
            .drain_delay(Duration::ZERO)
            .observer(move |event| observed.record(event))
            .build();
        let handle = app.handle();
        let test = TestApp {
            home: Some(Home::run(app)),
            clients: TaskTree::new("clients of a test"),
            handle,
            registry,
            failures,
        };
        if test.handle.started().await.is_ok() {
            return Ok(test);
        }
        match test.end().await {
            Err(error) => Err(error),
            Ok(report) => panic!("the app stopped before it was ready:\n{report}"),
        }
    }

    /// The app's handle.
    #[must_use]
    pub fn handle(&self) -> &AppHandle {
        &self.handle
    }

    /// The registry in which the app is found.
    #[must_use]
    pub fn registry(&self) -> &Memory {
        &self.registry
    }

    /// The address of the component with this name, such as `http`, or of the admin server: `admin`.
    ///
    /// # Panics
    /// When there is none that listens at an IP address: the message lists those that do.
    #[must_use]
    #[track_caller]
    pub fn address(&self, component: &str) -> SocketAddr {
        let found = self.find(|name, _| name == component);
        let admin = || self.admin_address().filter(|_| component == ADMIN);
        found
            .or_else(admin)
            .unwrap_or_else(|| panic!("no address of `{component}`: {}", self.listening()))
    }

    /// A client of the first server that speaks HTTP in the clear.
    ///
    /// # Panics
    /// When there is none: the message lists what listens.
    #[must_use]
    #[track_caller]
    pub fn http(&self) -> HttpClient {
        let found = self.find(|_, scheme| scheme == "http");
        let found = found.unwrap_or_else(|| panic!("no HTTP server: {}", self.listening()));
        HttpClient::new(found, self.client_tasks())
    }

    /// A client of the admin server, such as for `/readyz`; its
    /// [`address`](HttpClient::address) is that of the server.
    ///
    /// # Panics
    /// When the app has none at an IP address: the message lists what listens.
    #[must_use]
    #[track_caller]
    pub fn admin(&self) -> HttpClient {
        let found = self.admin_address();
        let found = found.unwrap_or_else(|| panic!("no admin server: {}", self.listening()));
        HttpClient::new(found, self.client_tasks())
    }

    /// A client of the HTTP server with this name.
    ///
    /// # Panics
    /// As [`address`](Self::address).
    #[must_use]
    #[track_caller]
    pub fn http_of(&self, component: &str) -> HttpClient {
        HttpClient::new(self.address(component), self.client_tasks())
    }

    /// A channel, for generated clients, to the first server that speaks gRPC in the clear. It
    /// connects with the first call.
    ///
    /// # Panics
    /// When there is none: the message lists what listens. Outside a runtime.
    #[cfg(feature = "grpc")]
    #[must_use]
    #[track_caller]
    pub fn grpc(&self) -> tonic::transport::Channel {
        let found = self.find(|_, scheme| scheme == "grpc");
        let found = found.unwrap_or_else(|| panic!("no gRPC server: {}", self.listening()));
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{found}"));
        let endpoint = endpoint.expect("an address makes a URI");
        endpoint.executor(self.client_tasks()).connect_lazy()
    }

    /// Stops the app, and checks that nothing of it is left.
    ///
    /// # Panics
    /// When the exit code is not 0, with the report. When a task, a thread (on Linux, without a name of
    /// the app's choice), a listener or a registration is left.
    ///
    /// # Cancel safety
    /// Dropping it leaves the stop going on; nothing is checked, so the test fails.
    pub async fn stop(self) -> Report {
        self.handle.stop("the test has ended");
        match self.end().await {
            Ok(report) => report,
            Err(error) => panic!("the app failed:\n{error}{}", report_of(&error)),
        }
    }

    /// Waits for an app that stops by itself, such as one of jobs only, and checks that nothing of it
    /// is left.
    ///
    /// # Errors
    /// That of the app's run: exactly when the exit code is not 0.
    ///
    /// # Panics
    /// When a task, a thread (on Linux), a listener or a registration is left.
    ///
    /// # Cancel safety
    /// As [`stop`](Self::stop).
    pub async fn end(mut self) -> Result<Report, RunError> {
        let home = self.home.as_mut().expect("an app ends once");
        let ended = home.ended().await;
        self.home = None;
        self.clients.close(Instant::now()).await;
        let Ended { result, mut left } = ended;
        left.extend(self.registration_left().await);
        if left.is_empty() {
            return result;
        }
        let mut text = String::from("the app has left behind:");
        for left in &left {
            let _ = write!(text, "\n- {left}");
        }
        match &result {
            Ok(report) => panic!("{text}\n{report}"),
            Err(error) => panic!("{text}\n{error}{}", report_of(error)),
        }
    }

    async fn registration_left(&self) -> Option<String> {
        let name = self.handle.info().name();
        let service = name.parse::<ServiceName>().ok()?;
        let snapshot = self.registry.instances(&service).await.ok()?;
        let count = snapshot.instances.len();
        (count > 0).then(|| format!("{} of `{name}`", plural(count, "registration")))
    }

    /// The IP address of the first listener that is wanted, by its component's name and its scheme.
    fn find(&self, is_wanted: impl Fn(&str, &str) -> bool) -> Option<SocketAddr> {
        let components = self.handle.components();
        let listening = components.iter().flat_map(|component| {
            let name = component.name.as_str();
            component.listening.iter().map(move |at| (name, at))
        });
        let mut wanted = listening.filter(|(name, at)| is_wanted(name, at.scheme()));
        wanted.find_map(|(_, at)| at.address().ip())
    }

    fn admin_address(&self) -> Option<SocketAddr> {
        let mut listening = self.handle.core().journal.admin().iter();
        listening.find_map(|at: &Listening| at.address().ip())
    }

    fn client_tasks(&self) -> ClientTasks {
        ClientTasks(self.clients.scope().clone())
    }

    fn listening(&self) -> String {
        let mut text = String::from("listening are");
        for at in self.handle.core().journal.admin() {
            let _ = write!(text, " {ADMIN} ({at})");
        }
        for component in self.handle.components() {
            for at in &component.listening {
                let _ = write!(text, " {} ({at})", component.name);
            }
        }
        text
    }
}

/// Fails the test; one that fails already shows what has failed in the app, as that may be why. The wait
/// for the stop lets its failures be among them.
impl Drop for TestApp {
    fn drop(&mut self) {
        let Some(home) = self.home.take() else {
            return;
        };
        self.handle.stop("the test has dropped the app");
        let beside = home.end_soon();
        let text = self.failures.text(&self.handle) + &beside;
        if !panicking() {
            panic!("a TestApp was dropped while it ran: end it with `stop().await`{text}");
        }
        if !text.is_empty() {
            eprintln!("the test has dropped the app{text}");
        }
    }
}

fn report_of(error: &RunError) -> String {
    format!("\n{}", error.report())
}
