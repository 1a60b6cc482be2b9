//! The service as a process: what clients of its streams see until a stop has ended them.
#![cfg(unix)]

use std::future::poll_fn;
use std::pin::Pin;

use futures_sink::Sink as _;
use kit_test_support::{Exit, PATIENCE, Process, Signal, ask};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_stream::StreamExt as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

async fn start() -> (Process, String) {
    let mut server = Process::spawn(env!("CARGO_BIN_EXE_streams"), &["127.0.0.1:0"]);
    server.line(" ready").await;
    let address = server.field("http").await;
    (server, address)
}

/// The streams were not cut, and the app says so.
#[track_caller]
fn assert_none_cut(exit: &Exit, streams: &str) {
    exit.expect_order(&["stopping cause=SIGTERM", streams, "exit_code=0"]);
    for cut in ["not all had ended", "cut"] {
        assert_eq!(exit.count(cut), 0, "{}", exit.text());
    }
}

/// A client of events.
struct Events(BufReader<TcpStream>);

impl Events {
    async fn connect(address: &str) -> Events {
        let mut client = TcpStream::connect(address).await.expect("it listens");
        let request = format!("GET /news HTTP/1.1\r\nhost: {address}\r\n\r\n");
        client
            .write_all(request.as_bytes())
            .await
            .expect("it reads");
        let mut events = Events(BufReader::new(client));
        // The head: the handler has subscribed.
        events.read_to("\r\n\r\n").await;
        events
    }

    /// Reads up to this text, which ends a line.
    async fn read_to(&mut self, end: &str) {
        let mut text = String::new();
        while !text.ends_with(end) {
            let read = timeout(PATIENCE, self.0.read_line(&mut text)).await;
            let length = read.expect("it goes on").expect("no reset");
            assert_ne!(length, 0, "ended without `{end}`: {text}");
        }
    }

    async fn rest(mut self) -> String {
        let mut rest = String::new();
        let read = timeout(PATIENCE, self.0.read_to_string(&mut rest)).await;
        read.expect("it ends").expect("no reset");
        rest
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(address: &str) -> Socket {
    let connecting = connect_async(format!("ws://{address}/socket"));
    let (socket, _) = timeout(PATIENCE, connecting)
        .await
        .expect("it answers")
        .expect("a socket");
    socket
}

async fn send(socket: &mut Socket, message: Message) {
    let mut socket = Pin::new(socket);
    let room = poll_fn(|cx| socket.as_mut().poll_ready(cx)).await;
    room.expect("it is open");
    socket.as_mut().start_send(message).expect("it is open");
    let sent = poll_fn(|cx| socket.as_mut().poll_flush(cx)).await;
    sent.expect("it is open");
}

async fn next(socket: &mut Socket) -> Option<Result<Message, Error>> {
    timeout(PATIENCE, socket.next()).await.expect("it goes on")
}

#[tokio::test]
async fn events_end_with_a_goodbye_and_the_last_chunk() {
    let (server, address) = start().await;
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.push(Events::connect(&address).await);
    }
    ask(&address, "POST /news", "tea is ready").await;
    for client in &mut clients {
        client.read_to("event: news\ndata: tea is ready\n\n").await;
    }
    server.signal(Signal::TERM);
    for client in clients {
        let rest = client.rest().await;
        assert!(
            rest.contains("event: goodbye\ndata: the server stops\n\n"),
            "{rest}"
        );
        assert!(rest.ends_with("\r\n0\r\n\r\n"), "{rest:?}");
    }
    assert_none_cut(&server.exit_with(0).await, "10 streams");
}

#[tokio::test]
async fn sockets_are_closed_as_going_away_while_news_come() {
    let (server, address) = start().await;
    let mut sockets = Vec::new();
    for _ in 0..10 {
        sockets.push(connect(&address).await);
    }
    let hello = Message::text("hello");
    send(&mut sockets[0], hello.clone()).await;
    for socket in &mut sockets {
        assert_eq!(next(socket).await.expect("open").expect("a message"), hello);
    }
    for _ in 0..100 {
        ask(&address, "POST /news", "more").await;
    }
    server.signal(Signal::TERM);
    for mut socket in sockets {
        let frame = loop {
            match next(&mut socket).await {
                Some(Ok(Message::Text(text))) => assert_eq!(text, "more"),
                Some(Ok(Message::Close(Some(frame)))) => break frame,
                other => panic!("no close: {other:?}"),
            }
        };
        assert_eq!(frame.code, CloseCode::Away);
        // Reading on answers the close, and then the server closes the connection.
        let end = next(&mut socket).await;
        assert!(
            matches!(end, None | Some(Err(Error::ConnectionClosed))),
            "{end:?}"
        );
    }
    assert_none_cut(&server.exit_with(0).await, "10 streams");
}
