//! Streams that a drain ends in good order, each as its protocol has it.

use std::convert::Infallible;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::ws;
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink as _;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kit_transport::grpc::{RequestExt as _, UntilUnavailable};
use kit_transport::http::WebSocketUpgrade;
use kit_transport::{Cut, Draining, HandOver, Listen, grpc, http};
use tokio::sync::Semaphore;
use tokio_stream::adapters::Chain;
use tokio_stream::{Once, Pending, StreamExt};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tonic::codegen::async_trait;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::client::Raw;
use crate::fixture::{ANY_PORT, Fixture, PATIENCE, in_one_of_five, no_task_is_left};

#[tokio::test]
async fn events_end_with_their_last_chunk() {
    async fn events(draining: Draining) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
        let first = tokio_stream::once(Ok(Event::default().data("1")));
        Sse::new(draining.until(first.chain(tokio_stream::pending())))
    }
    let server = Fixture::http(Router::new().route("/", get(events))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    client.read_to("data: 1\n\n\r\n").await;
    server
        .stop_within(PATIENCE)
        .await
        .nothing_cut()
        .before_its_deadline();
    assert_eq!(client.read_to_close().await, b"0\r\n\r\n");
    no_task_is_left().await;
}

#[tokio::test]
async fn events_that_are_never_pending_end_as_well() {
    async fn events(draining: Draining) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
        let endless = tokio_stream::iter(0..).map(|n| Ok(Event::default().data(n.to_string())));
        Sse::new(draining.until(endless))
    }
    let server = Fixture::http(Router::new().route("/", get(events))).await;
    let mut client = Raw::connect(server.address).await;
    client.get("/").await;
    client.read_to("data: 9\n\n").await;
    let (ended, rest) = tokio::join!(server.stop_within(PATIENCE), client.read_to_close());
    ended.nothing_cut().before_its_deadline();
    assert!(rest.ends_with(b"\r\n0\r\n\r\n"));
}

/// Under a hand-over the listener accepts for a while before the connections are asked to close, and
/// under load the streams are simply quicker than the task that asks.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_counts_the_streams_that_ended_before_their_connections_were_asked_to_close() {
    const STREAMS: usize = 15;
    async fn events(draining: Draining) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
        let first = tokio_stream::once(Ok(Event::default().data("1")));
        Sse::new(draining.until(first.chain(tokio_stream::pending())))
    }
    let listen = Listen::from(ANY_PORT).hand_over(HandOver::ReusePort);
    let router = Router::new().route("/", get(events));
    let server = Fixture::start(http::Server::new(listen, router)).await;
    let mut clients = Vec::new();
    for _ in 0..STREAMS {
        let mut client = Raw::connect(server.address).await;
        client.get("/").await;
        client.read_to("data: 1\n\n\r\n").await;
        clients.push(client);
    }
    let ended = server.stop_within(PATIENCE).await;
    let drained = ended
        .nothing_cut()
        .ctx
        .drained()
        .expect("a report of the drain");
    assert_eq!(drained.streams, STREAMS);
    no_task_is_left().await;
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// The same in a task that axum spawns.
async fn echo_of_axum(upgrade: ws::WebSocketUpgrade, draining: Draining) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let mut socket = draining.websocket(socket);
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

#[tokio::test]
async fn a_websocket_is_closed_as_going_away() {
    expect_going_away(get(echo)).await;
    expect_going_away(get(echo_of_axum)).await;
}

async fn expect_going_away(echo: MethodRouter) {
    let server = Fixture::http(Router::new().route("/", echo)).await;
    let (mut client, _) = connect_async(format!("ws://{}/", server.address))
        .await
        .unwrap();
    send(&mut client, Message::text("hello")).await;
    assert_eq!(next(&mut client).await, Message::text("hello"));
    let close = async {
        let Message::Close(Some(frame)) = next(&mut client).await else {
            panic!("a close with a reason")
        };
        assert_eq!(frame.code, CloseCode::Away);
        assert_eq!(frame.reason, "the server is draining");
        // Reading on answers the close.
        assert!(
            StreamExt::next(&mut client)
                .await
                .is_none_or(|end| end.is_err())
        );
    };
    let (ended, ()) = tokio::join!(server.stop_within(PATIENCE), close);
    ended.nothing_cut().before_its_deadline();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_websocket_that_its_client_closes_ends_before_the_drain() {
    let server = Fixture::http(Router::new().route("/", get(echo))).await;
    let (mut client, _) = connect_async(format!("ws://{}/", server.address))
        .await
        .unwrap();
    send(&mut client, Message::Close(None)).await;
    assert!(matches!(next(&mut client).await, Message::Close(_)));
    drop(client);
    server
        .stop_within(PATIENCE)
        .await
        .nothing_cut()
        .before_its_deadline();
    no_task_is_left().await;
}

#[tokio::test]
async fn a_websockets_handler_that_works_on_after_the_close_is_waited_for() {
    let (closed, done) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (is_closed, may_end) = (Arc::clone(&closed), Arc::clone(&done));
    let ended = Arc::new(AtomicBool::new(false));
    let has_ended = Arc::clone(&ended);
    let work_on = async move |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async move |socket| {
            drop(socket);
            is_closed.add_permits(1);
            may_end.acquire().await.unwrap().forget();
            has_ended.store(true, Ordering::Relaxed);
        })
    };
    let server = Fixture::http(Router::new().route("/", get(work_on))).await;
    let (client, _) = connect_async(format!("ws://{}/", server.address))
        .await
        .unwrap();
    closed.acquire().await.unwrap().forget();
    drop(client);
    let token = server.ctx.scope().token().clone();
    let go_on = async {
        token.cancelled().await;
        // Without this a handler that is not waited for would end in time as well.
        tokio::time::sleep(Duration::from_millis(100)).await;
        done.add_permits(1);
    };
    let (stopped, ()) = tokio::join!(server.stop_within(PATIENCE), go_on);
    stopped.nothing_cut().not_before(90);
    assert!(ended.load(Ordering::Relaxed));
    no_task_is_left().await;
}

/// A handler that only passes on the messages of other clients is one of them.
#[tokio::test]
async fn a_websockets_handler_that_never_looks_at_its_socket_has_its_grace_and_is_counted() {
    for (limit, grace) in [(PATIENCE, 2000), (Duration::from_secs(1), 500)] {
        // A stall until the deadline hides that the grace ends before it.
        in_one_of_five(async || stop_beside_a_websocket(limit, grace).await).await;
    }
}

async fn stop_beside_a_websocket(limit: Duration, grace: u64) -> Result<(), Duration> {
    let waits = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |_socket| std::future::pending().await)
    };
    let server = Fixture::http(Router::new().route("/", get(waits))).await;
    let (client, _) = connect_async(format!("ws://{}/", server.address))
        .await
        .unwrap();
    let stopped = server.stop_within(limit).await;
    stopped
        .not_before(grace - 50)
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0);
    assert!(stopped.ctx.drained().is_some());
    drop(client);
    no_task_is_left().await;
    stopped.try_early()
}

#[tokio::test]
async fn a_websockets_handler_that_panics_harms_no_other() {
    let panics = async |upgrade: WebSocketUpgrade| {
        upgrade.on_upgrade(async |_socket| panic!("a handler's panic"))
    };
    let routes = Router::new()
        .route("/", get(echo))
        .route("/panics", get(panics));
    let server = Fixture::http(routes).await;
    let url = format!("ws://{}/", server.address);
    let (mut bad, _) = connect_async(format!("{url}panics")).await.unwrap();
    assert!(
        StreamExt::next(&mut bad)
            .await
            .is_none_or(|end| end.is_err())
    );
    let (mut good, _) = connect_async(&url).await.unwrap();
    send(&mut good, Message::text("hello")).await;
    assert_eq!(next(&mut good).await, Message::text("hello"));
    drop(good);
    server.stop_within(PATIENCE).await.nothing_cut();
    no_task_is_left().await;
}

type Client =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn next(client: &mut Client) -> Message {
    let next = StreamExt::next(client);
    let next = tokio::time::timeout(PATIENCE, next)
        .await
        .expect("it answers");
    next.expect("it is open").expect("a message")
}

async fn send(client: &mut Client, message: Message) {
    let mut client = pin!(client);
    std::future::poll_fn(|cx| client.as_mut().poll_ready(cx))
        .await
        .unwrap();
    client.as_mut().start_send(message).unwrap();
    std::future::poll_fn(|cx| client.as_mut().poll_flush(cx))
        .await
        .unwrap();
}

async fn client_of(server: &Fixture) -> HealthClient<Channel> {
    let channel = Channel::from_shared(format!("http://{}", server.address));
    HealthClient::new(channel.unwrap().connect().await.unwrap())
}

/// A health service, because tonic-health has a client for it.
struct Watcher;

type Answer = Result<HealthCheckResponse, Status>;

#[async_trait]
impl Health for Watcher {
    type WatchStream = UntilUnavailable<Chain<Once<Answer>, Pending<Answer>>>;

    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        Err(Status::unimplemented("not asked for"))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        let draining = request.draining()?;
        let serving = HealthCheckResponse {
            status: ServingStatus::Serving.into(),
        };
        let first = tokio_stream::once(Ok(serving)).chain(tokio_stream::pending());
        Ok(tonic::Response::new(draining.until_unavailable(first)))
    }
}

#[tokio::test]
async fn a_stream_of_messages_ends_as_unavailable() {
    let service = HealthServer::new(Watcher);
    let server = Fixture::start(grpc::Server::new(ANY_PORT).service(service)).await;
    let mut client = client_of(&server).await;
    let stream = client.watch(HealthCheckRequest::default()).await.unwrap();
    let mut stream = stream.into_inner();
    assert!(stream.message().await.unwrap().is_some());
    let (ended, end) = tokio::join!(server.stop_within(PATIENCE), stream.message());
    ended.nothing_cut().before_its_deadline();
    let status = end.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.message(), "the server is draining");
    drop((client, stream));
    no_task_is_left().await;
}

/// A health service whose streams ignore the drain.
struct IgnoresDrain {
    finish_within: Option<Duration>,
    endless: bool,
}

#[async_trait]
impl Health for IgnoresDrain {
    type WatchStream = Pin<Box<dyn Stream<Item = Answer> + Send>>;

    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<HealthCheckResponse>, Status> {
        Ok(tonic::Response::new(HealthCheckResponse::default()))
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<tonic::Response<Self::WatchStream>, Status> {
        if let Some(limit) = self.finish_within {
            let draining = request.draining()?;
            draining.finish_within(limit);
        }
        let message = || Ok(HealthCheckResponse::default());
        let stream: Self::WatchStream = if self.endless {
            Box::pin(tokio_stream::iter(std::iter::repeat_with(message)))
        } else {
            Box::pin(tokio_stream::once(message()).chain(tokio_stream::pending()))
        };
        Ok(tonic::Response::new(stream))
    }
}

const GRACE: Duration = Duration::from_millis(300);

async fn ignoring(service: IgnoresDrain) -> (Fixture, HealthClient<Channel>) {
    let connections = kit_transport::ConnectionOptions {
        stream_grace: GRACE,
        ..kit_transport::ConnectionOptions::default()
    };
    let server = grpc::Server::new(ANY_PORT)
        .service(HealthServer::new(service))
        .connections(connections);
    let server = Fixture::start(server).await;
    let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    let client = HealthClient::new(channel.connect().await.unwrap());
    (server, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_messages_that_ignores_the_drain_has_a_grace_and_ends_as_unavailable() {
    for (finish_within, endless, from) in [
        (None, false, GRACE),
        (None, true, GRACE),
        (Some(GRACE * 3), false, GRACE * 3),
        (Some(GRACE / 3), false, GRACE),
    ] {
        let service = IgnoresDrain {
            finish_within,
            endless,
        };
        let (server, mut client) = ignoring(service).await;
        let messages = client.watch(HealthCheckRequest::default()).await;
        let mut messages = messages.unwrap().into_inner();
        messages.message().await.unwrap().expect("a first message");
        let read_on = async {
            loop {
                match messages.message().await {
                    Ok(Some(_)) => {}
                    ended => return ended,
                }
            }
        };
        let (ended, last) = tokio::join!(server.stop_within(PATIENCE), read_on);
        let status = last.expect_err("it was not whole");
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        let milliseconds = u64::try_from(from.as_millis()).unwrap();
        ended
            .not_before(milliseconds - 20)
            .before_its_deadline()
            .cut(Cut::Stream, 1)
            .cut(Cut::Request, 0);
        assert_eq!(ended.ctx.drained().map(|drained| drained.streams), Some(1));
    }
    no_task_is_left().await;
}

#[tokio::test]
async fn an_answer_to_a_unary_call_is_no_stream() {
    let service = IgnoresDrain {
        finish_within: None,
        endless: false,
    };
    let (server, mut client) = ignoring(service).await;
    for _ in 0..20 {
        let answer = client.check(HealthCheckRequest::default()).await;
        answer.expect("it is served");
    }
    let streams = server.ctx.clone();
    server.stop_within(PATIENCE).await.nothing_cut();
    assert_eq!(streams.drained().map(|drained| drained.streams), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_messages_that_asks_for_too_much_time_ends_as_unavailable_before_the_deadline()
{
    // A stall until the deadline leaves no time for the last frames.
    in_one_of_five(ends_just_before_the_deadline).await;
}

async fn ends_just_before_the_deadline() -> Result<(), Duration> {
    let service = IgnoresDrain {
        finish_within: Some(PATIENCE),
        endless: false,
    };
    let (server, mut client) = ignoring(service).await;
    let messages = client.watch(HealthCheckRequest::default()).await;
    let mut messages = messages.unwrap().into_inner();
    messages.message().await.unwrap().expect("a first message");
    let stop = server.stop_within(GRACE * 3);
    let (ended, last) = tokio::join!(stop, messages.message());
    ended.try_early()?;
    let status = last.expect_err("it was not whole");
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(status.message(), "the server is draining");
    ended
        .not_before(700)
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0)
        .cut(Cut::Connection, 0);
    drop((client, messages));
    no_task_is_left().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_messages_whose_client_widens_no_window_is_reset_after_its_grace() {
    let service = IgnoresDrain {
        finish_within: None,
        endless: true,
    };
    let (server, _client) = ignoring(service).await;
    let stream = tokio::net::TcpStream::connect(server.address)
        .await
        .unwrap();
    let (mut client, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(1024)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let unread = async {
        let request = ::http::Request::post("http://test/grpc.health.v1.Health/Watch")
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Full::new(Bytes::from_static(&[0; 5])))
            .unwrap();
        let answer = client.send_request(request).await.unwrap();
        assert_eq!(answer.status(), 200);
        let ended = server.stop_within(PATIENCE).await;
        // The response is held until here, and never read.
        drop(answer);
        ended
    };
    let (ended, _reset) = tokio::join!(unread, connection);
    ended
        .not_before(280)
        .before_its_deadline()
        .cut(Cut::Stream, 1)
        .cut(Cut::Request, 0);
}
