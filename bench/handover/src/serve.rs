//! The same answers from three stacks.

use std::error::Error;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::process::ExitCode;

use axum::Router;
use axum::routing::get;
use kit::{App, HandOver, Listen, Tls, grpc, http};
use listenfd::ListenFd;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::TcpListenerStream;

use crate::answers::{Answers, BIG};
use crate::{ServeArguments, Stack};

type Failed = Box<dyn Error + Send + Sync>;

/// What `/` answers; `/big` answers [`BIG`].
pub(crate) const SMALL: usize = 5;

pub(crate) fn run(arguments: &ServeArguments) -> ExitCode {
    match arguments.stack {
        Stack::Kit => with_kit(arguments),
        Stack::Axum | Stack::Tonic => match with_a_peer(arguments) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("bench-handover: {error}");
                ExitCode::FAILURE
            }
        },
    }
}

fn routes() -> Router {
    let big = bytes::Bytes::from(vec![b'x'; BIG]);
    Router::new()
        .route("/", get(async || "x".repeat(SMALL)))
        .route("/big", get(async move || big.clone()))
}

fn with_kit(arguments: &ServeArguments) -> ExitCode {
    let listen = match arguments.address {
        Some(address) => Listen::from(address).hand_over(HandOver::ReusePort),
        None => Listen::inherited(0),
    };
    let services = grpc::Services::new().service(Answers::new());
    let mut server = http::Server::new(listen, routes()).grpc(services);
    if let Some(folder) = &arguments.tls {
        server = server.tls(Tls::new(folder.join("tls.crt"), folder.join("tls.key")));
    }
    App::builder("handover")
        .server(server)
        .after_start("tell", async |_| {
            println!("ready");
            Ok(())
        })
        .build()
        .main()
}

/// Serves with axum or tonic alone: on the inherited listener, or on a socket that shares its port. Both
/// stop gracefully at a SIGTERM.
fn with_a_peer(arguments: &ServeArguments) -> Result<(), Failed> {
    if arguments.tls.is_some() {
        return Err("the peers are measured without TLS".into());
    }
    let inherited = match arguments.address {
        Some(_) => None,
        None => Some(inherited()?),
    };
    let (stack, address) = (arguments.stack, arguments.address);
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async move {
        let listener = match (inherited, address) {
            (Some(listener), _) => TcpListener::from_std(listener)?,
            (None, Some(address)) => reuse_port(address)?,
            (None, None) => return Err("no listener".into()),
        };
        let mut signals = signal(SignalKind::terminate())?;
        let stop = async move {
            signals.recv().await;
        };
        println!("ready");
        if stack == Stack::Axum {
            let serving = axum::serve(listener, routes());
            return Ok(serving.with_graceful_shutdown(stop).await?);
        }
        let mut server = tonic::transport::Server::builder();
        let connections = TcpListenerStream::new(listener);
        let serving = server.add_service(Answers::new());
        serving
            .serve_with_incoming_shutdown(connections, stop)
            .await?;
        Ok(())
    })
}

fn inherited() -> Result<StdListener, Failed> {
    let listener = ListenFd::from_env().take_tcp_listener(0)?;
    let listener = listener.ok_or("no listener was passed by LISTEN_FDS")?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn reuse_port(address: SocketAddr) -> Result<TcpListener, Failed> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket.listen(1024)?)
}
