//! The kinds of exchanges, with a client for each.

use std::net::SocketAddr;

use ::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use bytes::Bytes;
use futures_sink::Sink as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio_stream::StreamExt as _;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tonic::client::Grpc as Client;
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;
use tonic::{Status, Streaming};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Http1,
    Http2,
    Events,
    WebSocket,
    Unary,
    Client,
    Server,
    Both,
}

/// What a client asks for.
#[derive(Clone, Default)]
pub(super) struct Ask {
    pub(super) headers: Vec<(&'static str, &'static str)>,
    /// More than the server takes.
    pub(super) is_large: bool,
}

impl Kind {
    pub(super) const ALL: [Kind; 8] = [
        Kind::Http1,
        Kind::Http2,
        Kind::Events,
        Kind::WebSocket,
        Kind::Unary,
        Kind::Client,
        Kind::Server,
        Kind::Both,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Http1 => "HTTP/1.1",
            Kind::Http2 => "HTTP/2",
            Kind::Events => "events",
            Kind::WebSocket => "WebSocket",
            Kind::Unary => "unary call",
            Kind::Client => "client stream",
            Kind::Server => "server stream",
            Kind::Both => "both streams",
        }
    }

    /// The operation of its requests.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Kind::Http1 | Kind::Http2 => "/plain",
            Kind::Events => "/events",
            Kind::WebSocket => "/socket",
            Kind::Unary => "/test.Table/Unary",
            Kind::Client => "/test.Table/Client",
            Kind::Server => "/test.Table/Server",
            Kind::Both => "/test.Table/Both",
        }
    }

    /// Makes an exchange, and gives what the client saw: the status, what stands with it, and how the
    /// body ended.
    pub(super) async fn ask(self, address: SocketAddr, ask: &Ask) -> String {
        match self {
            Kind::Http1 | Kind::Http2 => http(self, Method::POST, address, ask).await,
            Kind::Events => http(self, Method::GET, address, ask).await,
            Kind::WebSocket => socket(address, ask).await,
            Kind::Unary | Kind::Client | Kind::Server | Kind::Both => {
                call(self, address, ask).await
            }
        }
    }
}

/// The marks of an answer of HTTP: its reason, and what stands in its head.
fn marks(headers: &HeaderMap, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let reason = body
        .split_once("\"reason\":\"")
        .and_then(|(_, rest)| rest.split_once('"'));
    let has = |name: &HeaderName, mark| headers.contains_key(name).then_some(mark);
    let is_mine = headers.get("x-request-id").is_some_and(|id| id == "mine");
    let content_type = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let shape = match content_type {
        Some(b"application/problem+json") if body.starts_with(r#"{"title":"#) => Some("as Problem"),
        Some(b"application/json") if body.starts_with(r#"{"error":{"code":"#) => Some("as Aip193"),
        _ => None,
    };
    [
        reason
            .map(|(reason, _)| reason)
            .filter(|reason| !reason.is_empty()),
        has(&RETRY_AFTER, "retry"),
        has(&WWW_AUTHENTICATE, "challenge"),
        is_mine.then_some("id"),
        shape,
    ]
    .into_iter()
    .flatten()
    .map(|mark| format!(" {mark}"))
    .collect()
}

/// An exchange of HTTP. The connection is polled with it, so that it goes when the client goes.
async fn http(kind: Kind, method: Method, address: SocketAddr, ask: &Ask) -> String {
    let length = if ask.is_large { 2048 } else { 8 };
    let body = if method == Method::GET && !ask.is_large {
        vec![]
    } else {
        vec![b'a'; length]
    };
    let uri = match kind {
        Kind::Http2 => format!("http://test{}", kind.operation()),
        _ => kind.operation().to_owned(),
    };
    let mut request = Request::builder().method(method).uri(uri);
    if kind != Kind::Http2 {
        request = request.header("host", "test");
    }
    for (name, value) in &ask.headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(Full::new(Bytes::from(body)))
        .expect("a request");
    let stream = TcpStream::connect(address).await.expect("it accepts");
    let io = TokioIo::new(stream);
    if kind == Kind::Http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        with(connection, async move {
            whole(sender.send_request(request).await).await
        })
        .await
    } else {
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        with(connection, async move {
            whole(sender.send_request(request).await).await
        })
        .await
    }
}

/// Runs what uses a connection while that runs.
async fn with<T>(connection: impl Future, using: impl Future<Output = T>) -> T {
    let connection = async {
        connection.await;
        std::future::pending().await
    };
    tokio::select! {
        answer = using => answer,
        never = connection => never,
    }
}

async fn whole(response: hyper::Result<::http::Response<Incoming>>) -> String {
    let Ok(response) = response else {
        return "no answer".to_owned();
    };
    let (head, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    let end = loop {
        match body.frame().await {
            Some(Ok(frame)) => bytes.extend(frame.into_data().unwrap_or_default()),
            Some(Err(_)) => break "broken",
            None => break "whole",
        }
    };
    let marks = marks(&head.headers, &bytes);
    format!("{}{marks}, {end}", head.status.as_u16())
}

/// A WebSocket: one message, and then those of the server up to the end. A refusal comes as an error of the
/// handshake.
async fn socket(address: SocketAddr, ask: &Ask) -> String {
    let url = format!("ws://{address}/socket");
    let mut request = url.into_client_request().expect("a request");
    let headers = request.headers_mut();
    for (name, value) in &ask.headers {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    if ask.is_large {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("2048"));
    }
    let (mut client, head) = match connect_async(request).await {
        Ok(connected) => connected,
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            let marks = marks(response.headers(), &body);
            return format!("{}{marks}, whole", response.status().as_u16());
        }
        Err(error) => return error.to_string(),
    };
    let mut pinned = std::pin::pin!(&mut client);
    std::future::poll_fn(|cx| pinned.as_mut().poll_ready(cx))
        .await
        .expect("it is open");
    pinned
        .as_mut()
        .start_send(Message::text("hello"))
        .expect("it is open");
    std::future::poll_fn(|cx| pinned.as_mut().poll_flush(cx))
        .await
        .expect("it is open");
    let mut end = "broken";
    while let Some(Ok(message)) = client.next().await {
        if let Message::Close(frame) = message {
            end = if frame.is_some() { "closed" } else { "whole" };
        }
    }
    let marks = marks(head.headers(), b"");
    format!("{}{marks}, {end}", head.status().as_u16())
}

/// The marks of the answer to a call.
fn call_marks(metadata: &MetadataMap, status: Option<&Status>) -> String {
    let details = status.map(Status::get_error_details).unwrap_or_default();
    let reason = details.error_info().map(|info| info.reason.clone());
    let is_mine = metadata.get("x-request-id").is_some_and(|id| id == "mine");
    [
        reason.filter(|reason| !reason.is_empty()),
        details.retry_info().map(|_| "retry".to_owned()),
        is_mine.then(|| "id".to_owned()),
    ]
    .into_iter()
    .flatten()
    .map(|mark| format!(" {mark}"))
    .collect()
}

/// A call, by the method of tonic's client that its kind has; two messages where the client may send
/// several. The end of a stream is its status.
async fn call(kind: Kind, address: SocketAddr, ask: &Ask) -> String {
    let message = if ask.is_large {
        "a".repeat(5 << 20)
    } else {
        "hello".to_owned()
    };
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
    let mut client = Client::new(endpoint.connect().await.expect("it accepts"));
    client.ready().await.expect("connected");
    let path = PathAndQuery::from_static(kind.operation());
    let codec = ProstCodec::<String, String>::default();
    let mut headers = MetadataMap::new();
    for (name, value) in &ask.headers {
        headers.insert(*name, value.parse().expect("a text"));
    }
    let one =
        tonic::Request::from_parts(headers.clone(), ::http::Extensions::new(), message.clone());
    let two = tokio_stream::iter([message.clone(), message]);
    let two = tonic::Request::from_parts(headers, ::http::Extensions::new(), two);
    let failed = |status: Status| {
        let marks = call_marks(status.metadata(), Some(&status));
        format!("{:?}{marks}", status.code())
    };
    let streamed = async |response: tonic::Response<Streaming<String>>| {
        let marks = call_marks(response.metadata(), None);
        let mut stream = response.into_inner();
        loop {
            match stream.message().await {
                Ok(Some(_)) => {}
                Ok(None) => return format!("Ok{marks}"),
                Err(status) => return format!("{:?}{marks}", status.code()),
            }
        }
    };
    let single = |answer: Result<tonic::Response<String>, Status>| match answer {
        Ok(response) => format!("Ok{}", call_marks(response.metadata(), None)),
        Err(status) => failed(status),
    };
    match kind {
        Kind::Client => single(client.client_streaming(two, path, codec).await),
        Kind::Server => match client.server_streaming(one, path, codec).await {
            Ok(response) => streamed(response).await,
            Err(status) => failed(status),
        },
        Kind::Both => match client.streaming(two, path, codec).await {
            Ok(response) => streamed(response).await,
            Err(status) => failed(status),
        },
        _ => single(client.unary(one, path, codec).await),
    }
}
