//! `TestApp`: it starts what a service's `main` runs, and fails a test that leaves something behind.

use std::net::{TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use kit_app::testing::TestApp;
use kit_app::{
    App, AppBuilder, AppHandle, BoxError, Event, Policy, RuntimeOptions, Stage, WorkerOptions,
};
use kit_registry::{Discovery as _, Registrar as _, ServiceInstance};
use kit_sync::testing::assert_runtime_has_no_tasks;
use kit_transport::{Context, FreePorts, Listen, Listening, Phase, Server, grpc, http};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

fn service(routes: Router, address: impl Into<Listen>) -> AppBuilder {
    App::builder("orders")
        .server(http::Server::new(address, routes))
        .server(grpc::Server::new(":9000"))
        .registry("etcd://registry.example:2379")
}

fn routes() -> Router {
    Router::new()
        .route("/hello", get(|| async { "hello" }))
        .route("/echo", post(|body: Bytes| async { body }))
}

/// The message with which this fails a test.
fn failure_of<F: Future>(test: impl FnOnce() -> F) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    let failed = catch_unwind(AssertUnwindSafe(|| drop(runtime.block_on(test()))));
    let payload = failed.expect_err("it fails its test");
    kit_sync::panic::message(&*payload).to_owned()
}

/// A thread without a name.
fn on_a_thread<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    thread::Builder::new().spawn(run).unwrap()
}

#[tokio::test]
async fn an_app_runs_on_free_ports_with_clients_and_a_registry() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    // What a `main` has, too.
    let service = service(routes(), address).runtime(RuntimeOptions::default());
    let app = TestApp::start(service).await;
    assert_eq!(app.handle().stage(), Stage::Running);
    assert_ne!(app.address("http"), address);

    let hello = app.http().get("/hello?loud=no").await;
    assert_eq!(
        (hello.status().as_u16(), &**hello.body()),
        (200, &b"hello"[..])
    );
    let echo = app.http_of("http").post_json("/echo", r#"{"a":1}"#).await;
    assert_eq!(&**echo.body(), br#"{"a":1}"#);
    assert_eq!(app.http().get("/nothing").await.status(), 404);

    let mut health = HealthClient::new(app.grpc());
    let health = health.check(HealthCheckRequest::default()).await.unwrap();
    assert_eq!(health.into_inner().status, 1);

    let service = "orders".parse().unwrap();
    let found = app.registry().instances(&service).await.unwrap();
    let endpoints = found.instances[0].endpoints();
    let http = format!("http://{}", app.address("http"));
    assert!(
        endpoints
            .iter()
            .any(|endpoint| endpoint.to_string() == http)
    );

    let report = app.stop().await;
    assert_eq!((report.exit_code, report.was_ready), (0, true));
}

#[tokio::test]
async fn two_apps_in_one_test_do_not_meet() {
    let first = TestApp::start(service(routes(), ":8000")).await;
    let second = TestApp::start(service(routes(), ":8000")).await;
    assert_ne!(first.address("http"), second.address("http"));
    first.stop().await;
    assert_eq!(second.http().get("/hello").await.status(), 200);
    second.stop().await;
}

#[tokio::test]
async fn an_app_that_stops_by_itself_is_waited_for() {
    let stop = get(|app: AppHandle| async move {
        let _ = app.stop("enough");
    });
    let app = TestApp::start(service(Router::new().route("/stop", stop), ":0")).await;
    app.http().get("/stop").await;
    let report = app.end().await.unwrap();
    assert_eq!(report.cause.unwrap().to_string(), "enough");
}

#[tokio::test]
async fn a_start_that_fails_is_an_error_or_fails_the_test_with_the_report() {
    let failing =
        || service(routes(), ":0").before_start("migrate", |_| async { Err("no table".into()) });
    let error = TestApp::try_start(failing()).await.unwrap_err();
    assert!(error.to_string().contains("no table"), "{error}");
    let failure = on_a_thread(move || failure_of(|| TestApp::start(failing())));
    let failure = failure.join().unwrap();
    assert!(failure.contains("the app did not start"), "{failure}");
    assert!(failure.contains("no table"), "{failure}");
}

#[test]
fn a_task_outside_every_scope_fails_the_test() {
    let leak = get(|| async {
        #[expect(clippy::disallowed_methods, reason = "what a careless handler does")]
        drop(tokio::spawn(std::future::pending::<()>()));
    });
    let failure = failure_of(|| async {
        let app = TestApp::start(service(Router::new().route("/leak", leak), ":0")).await;
        app.http().get("/leak").await;
        app.stop().await
    });
    assert!(failure.contains("the app has left behind:"), "{failure}");
    assert!(failure.contains("holds 1 task"), "{failure}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_a_handler_has_started_fails_the_test() {
    let (end, wait) = mpsc::channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(Some(wait)));
    let leak = get(move || async move {
        let wait = wait.lock().unwrap().take();
        let wait = wait.expect("it is asked once");
        drop(on_a_thread(move || wait.recv()));
    });
    let failure = failure_of(|| async {
        let app = TestApp::start(service(Router::new().route("/leak", leak), ":0")).await;
        app.http().get("/leak").await;
        app.stop().await
    });
    drop(end);
    assert!(failure.contains("1 thread that"), "{failure}");
}

/// Reports where it listens, and leaves its listener to a thread that does not know of the stop.
struct Forgetful {
    give: mpsc::Sender<TcpListener>,
}

#[async_trait]
impl Server for Forgetful {
    fn name(&self) -> &str {
        "forgetful"
    }

    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        let configured = ([127, 0, 0, 1], 7).into();
        let listener = TcpListener::bind(FreePorts::or(ctx, configured))?;
        let listening = Listening::tcp("echo", listener.local_addr()?);
        self.give.send(listener)?;
        Ok(vec![listening])
    }
}

#[test]
fn a_listener_that_is_still_open_fails_the_test() {
    let (give, keep) = mpsc::channel();
    let failure = failure_of(|| async {
        let app = TestApp::start(App::builder("orders").server(Forgetful { give })).await;
        drop(TcpStream::connect(app.address("forgetful")).unwrap());
        app.stop().await
    });
    assert!(
        failure.contains("forgetful still takes connections at echo://127.0.0.1:"),
        "{failure}"
    );
    drop(keep);
}

#[test]
fn a_registration_that_is_left_fails_the_test() {
    let failure = failure_of(|| async {
        let app = TestApp::start(service(routes(), ":0")).await;
        let other = ServiceInstance::builder("another", "orders")
            .build()
            .unwrap();
        app.registry().register(&other).await.unwrap();
        app.stop().await
    });
    assert!(failure.contains("1 registration of `orders`"), "{failure}");
}

#[test]
fn an_exit_code_that_is_not_0_fails_the_test_with_the_report() {
    let failure = failure_of(|| async {
        let app =
            service(routes(), ":0").after_stop("flush", |_| async { Err("disk full".into()) });
        TestApp::start(app).await.stop().await
    });
    assert!(failure.contains("disk full"), "{failure}");
}

#[test]
fn an_app_that_is_dropped_fails_the_test() {
    let failure = failure_of(|| async {
        drop(TestApp::start(service(routes(), ":0")).await);
    });
    assert!(failure.contains("end it with `stop().await`"), "{failure}");
}

#[test]
fn an_app_that_is_dropped_while_it_stops_fails_the_test() {
    let (end, wait) = mpsc::channel::<()>();
    let failure = failure_of(|| async {
        let app = service(routes(), ":0").before_stop("wait", move |_| async move {
            let _ = tokio::task::block_in_place(|| wait.recv());
            Ok(())
        });
        let app = TestApp::start(app).await;
        // A careless limit: nothing was checked.
        let _ = tokio::time::timeout(Duration::from_millis(1), app.stop()).await;
    });
    drop(end);
    assert!(failure.contains("end it with `stop().await`"), "{failure}");
    assert!(failure.contains("- it still stops after 3s"), "{failure}");
}

#[test]
fn an_app_that_is_dropped_says_what_has_failed_in_it() {
    let fails = WorkerOptions::new().policy(Policy::Stop);
    let failure = failure_of(|| async {
        let app = service(routes(), ":0").worker_with("mail", fails, |ctx| async move {
            ctx.get::<AppHandle>()?.started().await?;
            Err("no route".into())
        });
        let app = TestApp::start(app).await;
        let mut stages = app.handle().stages();
        stages
            .wait_for(|stage| *stage != Stage::Running)
            .await
            .unwrap();
        drop(app);
    });
    assert!(
        failure.contains("- the app has failed: worker orders/mail failed: no route"),
        "{failure}"
    );
}

#[test]
fn an_app_that_is_dropped_says_what_fails_in_its_stop() {
    let failure = failure_of(|| async {
        drop(TestApp::start(fails_to_flush()).await);
    });
    assert!(failure.contains("end it with `stop().await`"), "{failure}");
    assert!(
        failure.contains("- the app has failed: after_stop hook `flush` failed: disk full"),
        "{failure}"
    );
}

fn fails_to_flush() -> AppBuilder {
    service(routes(), ":0").after_stop("flush", |_| async { Err("disk full".into()) })
}

#[test]
fn an_app_that_is_dropped_says_what_it_leaves_behind() {
    let leak = get(|| async {
        #[expect(clippy::disallowed_methods, reason = "what a careless handler does")]
        drop(tokio::spawn(std::future::pending::<()>()));
    });
    let failure = failure_of(|| async {
        let app = TestApp::start(service(Router::new().route("/leak", leak), ":0")).await;
        app.http().get("/leak").await;
        drop(app);
    });
    assert!(failure.contains("- left behind: "), "{failure}");
}

/// An app keeps its last 256 events.
#[test]
fn an_app_that_is_dropped_says_also_what_has_failed_long_ago() {
    let failure = failure_of(|| async {
        let ignores = WorkerOptions::new().policy(Policy::Ignore);
        let app = service(routes(), ":0")
            .on_reload("config", |_| async { Ok(()) })
            .worker_with("mail", ignores, |ctx| async move {
                let fails = async { Err::<(), BoxError>("lost in the noise".into()) };
                let failed = ctx.scope().spawn("task", fails).await;
                failed.expect_err("it fails");
                Err("no route".into())
            });
        let app = TestApp::start(app).await;
        let number = || app.handle().events().last().map_or(0, |event| event.number);
        let is_recent = || {
            let events = app.handle().events();
            events.iter().any(|event| {
                let event = &event.event;
                matches!(event, Event::TaskFailed { .. } | Event::WorkerFailed { .. })
            })
        };
        let mut before = 0;
        while is_recent() || number() < 256 {
            if number() >= before + 3 || before == 0 {
                before = number();
                app.handle().reload("again");
            }
            tokio::task::yield_now().await;
        }
        drop(app);
    });
    for line in [
        "- a task has failed: ",
        "lost in the noise",
        "- worker orders/mail has failed: no route: ",
    ] {
        assert!(failure.contains(line), "no {line}: {failure}");
    }
}

/// A test of a program that ends with it, whose output is that of the program.
#[test]
#[ignore = "a program for another test"]
fn program_that_panics() {
    if std::env::var_os("KIT_TEST_ROLE").is_none() {
        return;
    }
    let failure = failure_of(|| async {
        let _app = TestApp::start(fails_to_flush()).await;
        panic!("the test's own");
    });
    assert_eq!(failure, "the test's own");
    eprintln!("the test has panicked");
}

#[test]
fn an_app_that_is_dropped_by_a_test_that_panics_prints_what_fails_in_its_stop() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["program_that_panics", "--exact", "--ignored", "--nocapture"])
        .env("KIT_TEST_ROLE", "panics")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = said.lines().collect();
    let at = |text: &str| lines.iter().position(|line| *line == text);
    let dropped = at("the test has dropped the app");
    let failed = at("- the app has failed: after_stop hook `flush` failed: disk full");
    let panicked = at("the test has panicked");
    assert!(
        dropped.is_some() && dropped < failed && failed < panicked,
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_dropped_in_a_runtime_of_several_threads_ends_as_well() {
    let app = TestApp::start(fails_to_flush()).await;
    let stages = app.handle().stages();
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(app)));
    let failure = dropped.expect_err("it fails its test");
    let failure = kit_sync::panic::message(&*failure);
    assert!(failure.contains("disk full"), "{failure}");
    assert_eq!(*stages.borrow(), Stage::Stopped);
}

#[tokio::test]
async fn the_runtime_that_main_would_refuse_is_an_error() {
    let options = RuntimeOptions {
        worker_threads: Some(0),
        blocking_threads: Some(0),
        ..RuntimeOptions::default()
    };
    let app = service(routes(), ":0").runtime(options);
    let error = TestApp::try_start(app).await.unwrap_err();
    let failures = &error.report().failures;
    assert_eq!(failures.len(), 2, "{failures:?}");
    assert!(failures[0].contains("`RuntimeOptions::worker_threads` is 0"));
    assert!(failures[1].contains("`RuntimeOptions::blocking_threads` is 0"));
}

/// A second panic while the test unwinds would end the process of all tests.
#[test]
fn an_app_that_is_dropped_by_a_test_that_panics_keeps_its_message() {
    let failure = failure_of(|| async {
        let _app = TestApp::start(service(routes(), ":0")).await;
        panic!("the test's own");
    });
    assert_eq!(failure, "the test's own");
}

/// A server that breaks its contract.
struct Panics;

#[async_trait]
impl Server for Panics {
    fn name(&self) -> &str {
        "panics"
    }

    fn phase(&self) -> Phase {
        panic!("no phase");
    }

    async fn start(&self, _: &Context) -> Result<Vec<Listening>, BoxError> {
        Ok(Vec::new())
    }
}

#[test]
fn a_panic_of_the_run_itself_fails_the_test_with_its_message() {
    let failure = failure_of(|| TestApp::start(App::builder("orders").server(Panics)));
    assert!(
        failure.contains("the run of the app panicked: no phase"),
        "{failure}"
    );
}

#[tokio::test]
async fn connections_of_clients_end_with_the_app() {
    let app = TestApp::start(service(routes(), ":0")).await;
    let (http, grpc) = (app.http(), app.grpc());
    http.get("/hello").await;
    let mut health = HealthClient::new(grpc.clone());
    health.check(HealthCheckRequest::default()).await.unwrap();
    app.stop().await;
    assert_runtime_has_no_tasks(Duration::from_secs(10)).await;
    drop((http, grpc));
}

#[cfg(feature = "admin")]
#[tokio::test]
async fn the_admin_server_is_found() {
    let app = TestApp::start(service(routes(), ":0").admin(":9090")).await;
    let admin = app.admin();
    assert_eq!(admin.get("/readyz").await.status(), 200);
    assert_eq!(admin.address(), app.address("admin"));
    assert_ne!(admin.address(), app.http().address());
    app.stop().await;
    assert!(TcpStream::connect(admin.address()).is_err());
}

#[test]
fn a_missing_server_is_named_with_those_that_listen() {
    let failure = failure_of(|| async {
        let app = TestApp::start(service(routes(), ":0")).await;
        let address = catch_unwind(AssertUnwindSafe(|| app.address("admin")));
        app.stop().await;
        std::panic::resume_unwind(address.expect_err("there is none"));
    });
    assert!(
        failure.contains("no address of `admin`: listening are"),
        "{failure}"
    );
    assert!(failure.contains("http (http://127.0.0.1:"), "{failure}");
}

#[tokio::test]
async fn a_test_on_one_thread_does_not_hold_up_its_app() {
    let app = TestApp::start(service(routes(), ":0")).await;
    let address = app.address("http");
    // The test's own thread is blocked while the app answers.
    let answered = on_a_thread(move || {
        use std::io::{Read as _, Write as _};
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"GET /hello HTTP/1.0\r\n\r\n").unwrap();
        client
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        answer
    });
    assert!(answered.join().unwrap().ends_with("hello"));
    app.stop().await;
}
