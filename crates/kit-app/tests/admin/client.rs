//! A client that blocks its thread and shares no code with Kit.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Longer than any answer takes, also on a machine that stands still for seconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        assert!(
            self.head.contains("content-type: application/json"),
            "{self:?}"
        );
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// Asks over a new connection.
pub(crate) fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    try_ask(address, method, path, headers).expect("an answer")
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, "GET", path, "")
}

pub(crate) fn post(address: SocketAddr, path: &str) -> Answer {
    ask(address, "POST", path, "")
}

/// Asks over a new connection, which may fail.
pub(crate) fn try_ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &str,
) -> std::io::Result<Answer> {
    exchange(TcpStream::connect(address)?, &head(method, path, headers))
}

pub(crate) fn head(method: &str, path: &str, headers: &str) -> String {
    let host = if headers.to_lowercase().contains("host:") {
        ""
    } else {
        "host: localhost\r\n"
    };
    format!("{method} {path} HTTP/1.1\r\n{host}{headers}connection: close\r\n\r\n")
}

/// Sends a head and reads to the end.
pub(crate) fn exchange(
    mut stream: impl Read + Write + SetTimeout,
    head: &str,
) -> std::io::Result<Answer> {
    stream.set_timeout(PATIENCE);
    stream.write_all(head.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let ended = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(ended)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.ok_or_else(ended)?,
        head: head.to_lowercase(),
        body: body.to_owned(),
    })
}

pub(crate) trait SetTimeout {
    fn set_timeout(&self, limit: Duration);
}

impl SetTimeout for TcpStream {
    fn set_timeout(&self, limit: Duration) {
        self.set_read_timeout(Some(limit)).unwrap();
    }
}

#[cfg(unix)]
impl SetTimeout for std::os::unix::net::UnixStream {
    fn set_timeout(&self, limit: Duration) {
        self.set_read_timeout(Some(limit)).unwrap();
    }
}
