//! The app, as the requests that its servers serve see it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use kit_app::{App, AppHandle, Info, Signals, Stage};
use kit_transport::grpc::{RequestExt as _, Services};
use kit_transport::{Context, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

async fn identity(info: Info, app: AppHandle) -> String {
    let stage = app.stage();
    let (name, version) = (info.name(), app.info().version());
    format!("{name} {version} {stage:?}")
}

async fn stop(app: AppHandle) {
    app.stop("asked by a request");
}

/// Refuses every call, with what it finds of the app.
fn refuse(request: Request<()>) -> Result<Request<()>, Status> {
    let (info, app) = (request.app::<Info>()?, request.app::<AppHandle>()?);
    let text = format!("{} {:?}", info.id(), app.stage());
    Err(Status::failed_precondition(text))
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: kit\r\nconnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn handlers_find_the_identity_and_the_handle_of_their_app() {
    let (_reporter, health) = tonic_health::server::health_reporter();
    let services = Services::new().service(InterceptedService::new(health, refuse));
    let routes = Router::new()
        .route("/identity", get(identity))
        .route("/stop", get(stop));
    let server = http::Server::new(([127, 0, 0, 1], 0), routes).grpc(services);
    let app = App::builder("orders")
        .id("orders-1")
        .version("1.2.3")
        .signals(Signals::none())
        .server(server)
        .build();
    let handle = app.handle();
    let clients = async {
        handle.started().await.unwrap();
        let endpoint = handle.info().endpoints()[0].to_string();
        let address = endpoint.trim_start_matches("http://").parse().unwrap();
        let answer = ask(address, "/identity").await;
        assert!(answer.ends_with("\r\n\r\norders 1.2.3 Running"), "{answer}");
        let endpoint = Endpoint::from_shared(endpoint).unwrap();
        let mut client = HealthClient::new(endpoint.connect().await.unwrap());
        let refused = client.check(HealthCheckRequest::default()).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
        assert_eq!(refused.message(), "orders-1 Running");
        drop(client);
        let answer = ask(address, "/stop").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    };
    let (report, ()) = tokio::join!(app.run(), clients);
    let report = report.unwrap();
    assert_eq!((report.exit_code, handle.stage()), (0, Stage::Stopped));
    assert!(
        format!("{:?}", report.cause).contains("asked by a request"),
        "{report:?}"
    );
}

/// A pool, say.
#[derive(Clone)]
struct Visits(Arc<AtomicUsize>);

async fn visit(State(visits): State<Visits>) -> String {
    format!("{}.", 1 + visits.0.fetch_add(1, Ordering::Relaxed))
}

/// Refuses every call, with the number of visits.
fn count(request: Request<()>) -> Result<Request<()>, Status> {
    let visits = request.app::<Visits>()?.0.load(Ordering::Relaxed);
    Err(Status::failed_precondition(visits.to_string()))
}

#[tokio::test]
async fn handlers_and_services_hold_what_the_app_has_opened() {
    let services = async |ctx: Context| {
        ctx.get::<Visits>()?;
        let (_reporter, health) = tonic_health::server::health_reporter();
        Ok(Services::new().service(InterceptedService::new(health, count)))
    };
    let routes = async |ctx: Context| {
        let visits: Visits = ctx.get()?;
        Ok(Router::new().route("/", get(visit)).with_state(visits))
    };
    let server = http::Server::from_fn(([127, 0, 0, 1], 0), routes).grpc_from_fn(services);
    let (closed, visits_at_the_end) = tokio::sync::oneshot::channel();
    let app = App::builder("orders")
        .signals(Signals::none())
        .resource(
            "visits",
            async |_ctx| Ok(Visits(Arc::default())),
            async |visits: Visits| {
                let _ = closed.send(visits.0.load(Ordering::Relaxed));
                Ok(())
            },
        )
        .server(server)
        .build();
    let handle = app.handle();
    let clients = async {
        handle.started().await.unwrap();
        let endpoint = handle.info().endpoints()[0].to_string();
        let address = endpoint.trim_start_matches("http://").parse().unwrap();
        for visit in ["1.", "2."] {
            let answer = ask(address, "/").await;
            assert!(answer.ends_with(visit), "{answer}");
        }
        let endpoint = Endpoint::from_shared(endpoint).unwrap();
        let mut client = HealthClient::new(endpoint.connect().await.unwrap());
        let refused = client.check(HealthCheckRequest::default()).await;
        assert_eq!(refused.unwrap_err().message(), "2");
        handle.stop("done");
    };
    let (report, ()) = tokio::join!(app.run(), clients);
    assert_eq!(report.unwrap().exit_code, 0);
    assert_eq!(visits_at_the_end.await, Ok(2));
}

#[tokio::test]
async fn a_service_without_an_admin_server_has_the_probes_among_its_routes() {
    let server = http::Server::new(([127, 0, 0, 1], 0), Router::new().merge(http::probes()));
    let app = App::builder("orders")
        .signals(Signals::none())
        .server(server)
        .check("database", |_| async { Ok(()) })
        .build();
    let handle = app.handle();
    let clients = async {
        handle.started().await.unwrap();
        let endpoint = handle.info().endpoints()[0].authority().to_owned();
        let address = endpoint.parse().unwrap();
        for path in ["/livez", "/readyz", "/startupz"] {
            let answer = ask(address, path).await;
            assert!(
                answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nok"),
                "{answer}"
            );
        }
        handle.drain("maintenance");
        let answer = ask(address, "/readyz").await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        let reason = "\r\n\r\nnot ready\n[-] drain: maintenance, ";
        assert!(answer.contains(reason), "{answer}");
        let verbose = ask(address, "/readyz?verbose").await;
        assert!(
            verbose.contains("\n[+] check database: passing, "),
            "{verbose}"
        );
        assert!(ask(address, "/livez").await.starts_with("HTTP/1.1 200"));
        handle.stop("done");
    };
    let (report, ()) = tokio::join!(app.run(), clients);
    report.unwrap();
}
