//! Streams that a stop ends in good order: news as server-sent events, and over WebSockets.
//!
//! ```text
//! cargo run -p streams -- 127.0.0.1:8000
//! curl -N http://127.0.0.1:8000/news
//! curl -d 'tea is ready' http://127.0.0.1:8000/news
//! websocat ws://127.0.0.1:8000/socket
//! ```
//!
//! All that is posted, or sent over a socket, goes to all streams. Stop it with Ctrl-C: the events end with a last one,
//! `goodbye`, and each socket is closed with 1001 (going away). Without this a stop would wait for streams that
//! never end, or cut them.

use std::convert::Infallible;
use std::env;
use std::process::ExitCode;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::Message;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::routing::get;
use kit::http::{WebSocket, WebSocketUpgrade};
use kit::{App, AppBuilder, Draining, Listen, http};
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::{Stream, StreamExt as _, once};

/// A client that is more than this many behind misses some.
const KEPT: usize = 1024;

async fn publish(State(news): State<Sender<String>>, text: String) {
    // No stream has to be there.
    let _ = news.send(text);
}

/// The news until the drain begins, and then one more event, after which a client connects elsewhere.
async fn events(
    State(news): State<Sender<String>>,
    draining: Draining,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let news = BroadcastStream::new(news.subscribe());
    let event = |news| match news {
        Ok(text) => Event::default().event("news").data(text),
        Err(missed) => Event::default().event("missed").data(format!("{missed}")),
    };
    let goodbye = Event::default().event("goodbye").data("the server stops");
    let events = draining.until(news).map(event).chain(once(goodbye));
    Sse::new(events.map(Ok)).keep_alive(KeepAlive::default())
}

/// The handler is a task of the server, and the drain waits for it.
async fn socket(State(news): State<Sender<String>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| talk(socket, news.subscribe(), &news).await)
}

/// Both ways, until the client closes the socket or the drain does: `recv` sends the close, waits for its answer,
/// and gives `None`.
async fn talk(mut socket: WebSocket, mut news: Receiver<String>, publish: &Sender<String>) {
    loop {
        let text = tokio::select! {
            received = socket.recv() => match received {
                Some(Ok(Message::Text(text))) => {
                    let _ = publish.send(text.to_string());
                    continue;
                }
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            text = news.recv() => match text {
                Ok(text) => text,
                Err(RecvError::Lagged(missed)) => format!("({missed} missed)"),
                Err(RecvError::Closed) => return,
            },
        };
        // An error shows in `recv`, which ends in good order where a drain has begun.
        let _ = socket.send(Message::text(text)).await;
    }
}

fn service(listen: Listen) -> AppBuilder {
    let routes = Router::new()
        .route("/news", get(events).post(publish))
        .route("/socket", get(socket))
        .with_state(Sender::new(KEPT));
    App::builder("streams").server(http::Server::new(listen, routes))
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    let address = env::args().nth(1);
    match address.as_deref().unwrap_or("127.0.0.1:8000").parse() {
        Ok(listen) => service(listen).build().main(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
