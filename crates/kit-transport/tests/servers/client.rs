//! Clients: a raw socket, and hyper's for HTTP/2.

use std::net::SocketAddr;

use ::http::{Request, Response, Uri};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::fixture::PATIENCE;

/// The HTTP/2 preface.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty SETTINGS frame.
pub(crate) const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// HTTP/2: the frame that opens this stream with `GET {path}`, for a path of less than 100 bytes.
pub(crate) fn get_frame(stream: u32, path: &str) -> Vec<u8> {
    let length = |part: &str| u8::try_from(part.len()).expect("short");
    // Method and scheme by their numbers, then authority and path by name and text.
    let text = [&[length(path)], path.as_bytes()].concat();
    let fields = [&[0x82, 0x86, 1, 4][..], b"test", &[4], &text].concat();
    let head = [0, 0, u8::try_from(fields.len()).expect("short"), HEADERS, 5];
    [&head[..], &stream.to_be_bytes(), &fields].concat()
}

/// Frame types.
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;

pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Raw {
        let stream = TcpStream::connect(address).await.expect("it accepts");
        // Nothing that a test sends waits for an acknowledgement of what it sent before.
        stream.set_nodelay(true).expect("it is open");
        Raw(stream)
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.expect("it reads");
    }

    pub(crate) async fn get(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await;
    }

    /// Reads until the bytes read end with `end`.
    pub(crate) async fn read_to(&mut self, end: &str) -> String {
        let mut text = Vec::new();
        let reading = async {
            while !text.ends_with(end.as_bytes()) {
                let byte = self.0.read_u8().await;
                text.push(byte.unwrap_or_else(|error| {
                    panic!("{error} after {}", String::from_utf8_lossy(&text))
                }));
            }
        };
        timeout(PATIENCE, reading).await.expect("it answers");
        String::from_utf8(text).expect("text")
    }

    pub(crate) async fn read_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let read = timeout(PATIENCE, self.0.read_exact(&mut bytes)).await;
        read.expect("it answers").expect("all of the bytes");
        bytes
    }

    pub(crate) async fn read_head(&mut self) -> String {
        self.read_to("\r\n\r\n").await
    }

    /// Reads HTTP/2 frames up to the first of this type; gives its payload, or `None` at the end.
    pub(crate) async fn read_frame(&mut self, wanted: u8) -> Option<Vec<u8>> {
        let reading = async {
            loop {
                let mut head = [0; 9];
                self.0.read_exact(&mut head).await.ok()?;
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                let mut payload = vec![0; usize::try_from(length).ok()?];
                self.0.read_exact(&mut payload).await.ok()?;
                if head[3] == wanted {
                    return Some(payload);
                }
            }
        };
        timeout(PATIENCE, reading).await.expect("it answers")
    }

    /// Reads everything until the connection ends, by a close or by a reset.
    pub(crate) async fn read_to_close(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        let _closed_or_reset = read.expect("it closes");
        bytes
    }
}

/// A client over HTTP/2; its connection's task runs until the server closes the connection.
pub(crate) async fn http2(address: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(address).await.expect("it accepts");
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("it speaks HTTP/2");
    #[expect(
        clippy::disallowed_methods,
        reason = "a client's task, which ends with its connection"
    )]
    tokio::spawn(connection);
    sender
}

pub(crate) fn ask(
    sender: &mut SendRequest<Empty<Bytes>>,
    path: &str,
) -> impl Future<Output = hyper::Result<Response<Incoming>>> + use<> {
    let uri: Uri = format!("http://test{path}").parse().expect("a path");
    sender.send_request(Request::get(uri).body(Empty::new()).expect("a request"))
}
