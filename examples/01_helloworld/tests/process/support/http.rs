//! An HTTP/1.1 connection whose bytes the test writes.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::PATIENCE;

/// One connection.
pub(crate) struct Http(BufReader<TcpStream>);

/// One answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    /// The value of the header with this name in lower case, in lower case itself.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(header, _)| *header == name)
            .map(|(_, value)| value.trim())
    }
}

impl Http {
    pub(crate) async fn connect(address: SocketAddr) -> Http {
        Http::try_connect(address).await.expect("it accepts")
    }

    pub(crate) async fn try_connect(address: SocketAddr) -> std::io::Result<Http> {
        Ok(Http(BufReader::new(TcpStream::connect(address).await?)))
    }

    /// Sends a request, and waits for the answer. An end of the connection is an error.
    pub(crate) async fn try_get(&mut self, path: &str) -> std::io::Result<Response> {
        self.0.get_mut().write_all(request(path).as_bytes()).await?;
        self.try_response().await
    }

    /// Sends a request, and waits for the answer.
    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.send(&request(path)).await;
        self.response().await
    }

    /// Sends a request that is in flight when this returns: what was sent in the same piece before
    /// it has been answered. No pause lies between the two, so the server has read both.
    pub(crate) async fn begin(&mut self, path: &str) {
        self.send(&format!(
            "{}{}",
            request("/helloworld/first"),
            request(path)
        ))
        .await;
        let first = self.response().await;
        assert_eq!(first.body, r#"{"message":"Hello first"}"#);
    }

    pub(crate) async fn send(&mut self, bytes: &str) {
        let sent = self.0.get_mut().write_all(bytes.as_bytes()).await;
        sent.expect("it reads");
    }

    pub(crate) async fn response(&mut self) -> Response {
        match self.try_response().await {
            Ok(response) => response,
            Err(error) => panic!("no whole answer: {error}"),
        }
    }

    /// An end of the connection before the answer is an error.
    pub(crate) async fn try_response(&mut self) -> std::io::Result<Response> {
        let answer = timeout(PATIENCE, self.read()).await;
        answer.expect("an answer or an end")
    }

    /// Waits until the server has closed it, also after more bytes.
    pub(crate) async fn closed(&mut self) {
        let mut rest = Vec::new();
        let closed = timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
        // A server that did not read everything closes by a reset.
        let _ = closed.expect("it closes");
    }

    async fn read(&mut self) -> std::io::Result<Response> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        let mut body = vec![0; length.unwrap_or_else(|| panic!("no length: {head}"))];
        self.0.read_exact(&mut body).await?;
        Ok(Response {
            status: status.unwrap_or_else(|| panic!("no status: {head}")),
            head,
            body: String::from_utf8(body).expect("text"),
        })
    }
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: helloworld\r\n\r\n")
}
