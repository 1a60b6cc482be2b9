//! The program in one of its roles, and its parent's side of it.

use std::convert::Infallible;
use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::pin::Pin;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use kit_app::{Admin, App, Event};
use kit_telemetry::{LogFormat, LogOptions, Telemetry, TelemetryOptions};
use kit_test_support::full_pipe;
use kit_transport::{grpc, http, layers};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic_prost::ProstCodec;

const ROLE: &str = "KIT_TEST_ROLE";
/// Where the program says its addresses.
const PARENT: &str = "KIT_TEST_PARENT";
/// A file with the filter of the log.
const FILTER: &str = "KIT_TEST_FILTER";

/// By then, what is waited for has come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A service of gRPC whose one method logs.
#[derive(Clone)]
struct Calls;

impl tonic::server::NamedService for Calls {
    const NAME: &'static str = "test.Calls";
}

impl Service<::http::Request<Body>> for Calls {
    type Response = ::http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ::http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let codec = ProstCodec::<String, String>::default();
            let answer = tower::service_fn(async |request: tonic::Request<String>| {
                tracing::info!(target: "orders", "a call");
                Ok::<_, tonic::Status>(tonic::Response::new(request.into_inner()))
            });
            Ok(tonic::server::Grpc::new(codec).unary(answer, request).await)
        })
    }
}

fn routes() -> Router {
    let hello = async || {
        tracing::info!(target: "orders", "a request");
        tracing::debug!(target: "orders", "its details");
        "hello"
    };
    let panics = async || {
        let thread = std::thread::Builder::new().name("plain".to_owned());
        let thread = thread.spawn(|| panic!("on purpose")).unwrap();
        let _ = thread.join();
        "panicked"
    };
    let warns = async || {
        tracing::warn!(target: "orders", "a warning");
        "warned"
    };
    Router::new()
        .route("/", get(hello))
        .route("/warn", get(warns))
        .route("/panic", get(panics))
}

fn read_filter() -> std::io::Result<TelemetryOptions> {
    let file = std::env::var(FILTER).map_err(std::io::Error::other)?;
    let mut options = TelemetryOptions::default();
    options.log.filter = std::fs::read_to_string(file)?.trim().to_owned();
    Ok(options)
}

/// The program that the tests start.
#[test]
#[ignore = "a program for the other tests"]
fn program() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    let mut parent = TcpStream::connect(std::env::var(PARENT).unwrap()).unwrap();
    if role == "full" {
        let (reader, writer) = full_pipe();
        rustix::stdio::dup2_stderr(&writer).unwrap();
        rustix::stdio::dup2_stdout(&writer).unwrap();
        // It reads nothing, and is there to the end.
        std::mem::forget(reader);
    }
    let log = LogOptions {
        format: LogFormat::Json,
        queue: 256 << 10,
        flush_timeout: Duration::from_millis(500),
        ..LogOptions::default()
    };
    let options = TelemetryOptions {
        log,
        ..TelemetryOptions::default()
    };
    let telemetry = Telemetry::init(&options, "early").unwrap();
    assert!(Telemetry::init(&TelemetryOptions::default(), "twice").is_err());
    let refresh = telemetry.refresh();
    tracing::info!(target: "orders", "before the app");
    let mut admin = Admin::new("127.0.0.1:0");
    if role == "token" {
        admin = admin.token("s3cret");
    }
    let said = parent.try_clone().unwrap();
    let code = App::builder("orders")
        .version("1.2.0")
        .id("orders-1")
        .server(http::Server::new("127.0.0.1:0", routes()).layers(layers::standard()))
        .server(
            grpc::Server::new("127.0.0.1:0")
                .service(Calls)
                .layers(layers::standard()),
        )
        .admin(admin)
        .drain_delay(Duration::ZERO)
        .apply(telemetry.option())
        .on_reload("telemetry", move |_hook| {
            let prepared = read_filter().map(|options| refresh.prepare(&options));
            async move {
                let take = prepared??;
                take();
                Ok(())
            }
        })
        .observer(move |stamped| {
            if let Event::AdminStarted { listening } = &stamped.event {
                let mut said = &said;
                // One write: the hook writes to the same socket.
                let line = format!("admin {}\n", listening[0].address().ip().unwrap());
                let _ = said.write_all(line.as_bytes());
            }
        })
        .after_start("addresses", move |app| async move {
            for endpoint in app.handle().info().endpoints().iter() {
                let (scheme, address) = endpoint.as_str().split_once("://").unwrap();
                parent.write_all(format!("{scheme} {address}\n").as_bytes())?;
            }
            Ok(())
        })
        .build()
        .main();
    tracing::info!(target: "orders", "the very last line");
    drop(telemetry);
    #[expect(clippy::exit, reason = "the exit code of a program")]
    std::process::exit(i32::from(code != ExitCode::SUCCESS));
}

/// A program that runs.
pub(crate) struct Program {
    child: Child,
    stderr: PipeReader,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) admin: SocketAddr,
}

impl Program {
    /// Starts it in a role, with a file of its filter, and waits until it is started.
    pub(crate) fn start(role: &str, filter: &str) -> Program {
        let parent = TcpListener::bind("127.0.0.1:0").unwrap();
        let (written, stderr) = std::io::pipe().unwrap();
        // Elsewhere the variable comes from a program outside, and the output is another one.
        let journal = match role {
            "journal" => stream_of(&stderr),
            _ => "1:1".to_owned(),
        };
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["program::program", "--exact", "--ignored", "--nocapture"])
            .env(ROLE, role)
            .env(PARENT, parent.local_addr().unwrap().to_string())
            .env(FILTER, filter)
            .env("JOURNAL_STREAM", journal)
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let (stream, _) = parent.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut lines = BufReader::new(stream).lines();
        let (mut http, mut grpc, mut admin) = (None, None, None);
        while http.is_none() || grpc.is_none() || admin.is_none() {
            let line = lines.next().expect("it goes on").expect("it is in time");
            let (what, address) = line.split_once(' ').unwrap();
            let address: SocketAddr = address.parse().unwrap();
            match what {
                "http" => http = Some(address),
                "grpc" => grpc = Some(address),
                _ => admin = Some(address),
            }
        }
        Program {
            child,
            stderr: written,
            http: http.unwrap(),
            grpc: grpc.unwrap(),
            admin: admin.unwrap(),
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Sends SIGTERM, and gives the exit status and what it has written. It has to end in time.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        self.signal("-TERM");
        let mut written = self.stderr;
        let (ended, awaited) = mpsc::channel();
        let (killed, pid) = (awaited, self.child.id().to_string());
        let waiting = std::thread::Builder::new().spawn(move || {
            let mut text = String::new();
            written.read_to_string(&mut text).unwrap();
            let status = self.child.wait().unwrap();
            let _ = ended.send((status, text));
        });
        let result = killed.recv_timeout(PATIENCE);
        if result.is_err() {
            let _ = Command::new("kill").args(["-KILL", &pid]).status();
        }
        waiting.unwrap().join().unwrap();
        let (status, text) = result.expect("it ends in time");
        (status, text.lines().map(str::to_owned).collect())
    }
}

/// The name of the pipe in the form in which systemd names the stream to its journal.
fn stream_of(pipe: &PipeWriter) -> String {
    let file = File::from(OwnedFd::from(pipe.try_clone().unwrap()));
    let of = file.metadata().unwrap();
    format!("{}:{}", of.dev(), of.ino())
}

/// An answer over HTTP: its status and its body.
pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

/// A call of gRPC.
pub(crate) fn call(address: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{address}"));
        let channel = endpoint.unwrap().connect().await.unwrap();
        let mut client = tonic::client::Grpc::new(channel);
        client.ready().await.unwrap();
        let path = ::http::uri::PathAndQuery::from_static("/test.Calls/Call");
        let codec = ProstCodec::<String, String>::default();
        let request = tonic::Request::new("hello".to_owned());
        let answer = client.unary(request, path, codec).await.unwrap();
        assert_eq!(answer.get_ref(), "hello");
    });
}
