//! The same answers from four stacks.

use std::error::Error;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use bytes::Bytes;
use kit::{App, HandOver, Listen, Tls, grpc, http};
use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::TcpListenerStream;

use crate::answers::{Answers, BIG};
use crate::{ServeArguments, Stack};

type Failed = Box<dyn Error + Send + Sync>;

/// What `/` answers; `/big` answers [`BIG`], and `/orders` the body of the POST.
pub(crate) const SMALL: usize = 5;
/// The most that a graceful stop of axum-server may take.
const GRACE: Duration = Duration::from_secs(10);

pub(crate) fn run(arguments: &ServeArguments) -> ExitCode {
    match arguments.stack {
        Stack::Kit => with_kit(arguments),
        Stack::Axum | Stack::AxumServer | Stack::Tonic => match with_a_peer(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bench-handover: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

fn routes() -> Router {
    let big = Bytes::from(vec![b'x'; BIG]);
    Router::new()
        .route("/", get(async || "x".repeat(SMALL)))
        .route("/big", get(async move || big.clone()))
        .route("/orders", post(async |body: Bytes| body))
}

fn with_kit(arguments: &ServeArguments) -> ExitCode {
    let listen = match arguments.address {
        Some(address) if arguments.reuse_port => {
            Listen::from(address).hand_over(HandOver::ReusePort)
        }
        Some(address) => Listen::from(address),
        None => Listen::inherited(0),
    };
    let services = grpc::Services::new().service(Answers::new());
    let mut server = http::Server::new(listen, routes()).grpc(services);
    if let Some(folder) = &arguments.tls {
        server = server.tls(Tls::new(folder.join("tls.crt"), folder.join("tls.key")));
    }
    let mut app = App::builder("handover").server(server);
    if let Some(delay) = arguments.delay {
        app = app.drain_delay(delay);
    }
    app.after_start("tell", async |_| {
        println!("ready");
        Ok(())
    })
    .build()
    .main()
}

/// Serves with axum, axum-server or tonic alone: on the inherited listener, or on a separate socket. All
/// stop gracefully at a SIGTERM, after the delay.
fn with_a_peer(arguments: &ServeArguments) -> Result<(), Failed> {
    if arguments.tls.is_some() {
        return Err("the peers are measured without TLS".into());
    }
    let inherited = match arguments.address {
        Some(_) => None,
        None => Some(inherited()?),
    };
    let (stack, address, delay) = (arguments.stack, arguments.address, arguments.delay);
    let reuse_port = arguments.reuse_port;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async move {
        let listener = match (inherited, address) {
            (Some(listener), _) => TcpListener::from_std(listener)?,
            (None, Some(address)) => bind(address, reuse_port)?,
            (None, None) => return Err("no listener".into()),
        };
        let mut signals = signal(SignalKind::terminate())?;
        let stop = async move {
            signals.recv().await;
            tokio::time::sleep(delay.unwrap_or_default()).await;
        };
        println!("ready");
        match stack {
            Stack::Kit => unreachable!("Kit is no peer"),
            Stack::Axum => {
                let serving = axum::serve(listener, routes());
                Ok(serving.with_graceful_shutdown(stop).await?)
            }
            Stack::AxumServer => with_axum_server(listener.into_std()?, stop).await,
            Stack::Tonic => {
                let mut server = tonic::transport::Server::builder();
                let connections = TcpListenerStream::new(listener);
                let serving = server.add_service(Answers::new());
                let served = serving.serve_with_incoming_shutdown(connections, stop);
                Ok(served.await?)
            }
        }
    })
}

/// As the crate's own example of a graceful shutdown has it.
async fn with_axum_server(
    listener: StdListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failed> {
    let handle = axum_server::Handle::new();
    let stopped = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopped.graceful_shutdown(Some(GRACE));
    });
    let server = axum_server::from_tcp(listener)?.handle(handle);
    Ok(server.serve(routes().into_make_service()).await?)
}

fn inherited() -> Result<StdListener, Failed> {
    let listener = ListenFd::from_env().take_tcp_listener(0)?;
    let listener = listener.ok_or("no listener was passed by LISTEN_FDS")?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn bind(address: SocketAddr, reuse_port: bool) -> Result<TcpListener, Failed> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(reuse_port)?;
    socket.bind(address)?;
    Ok(socket.listen(1024)?)
}
