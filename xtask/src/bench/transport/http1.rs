//! GET over keep-alive HTTP/1.1.

use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::client::{Connection, connect, read_more};

/// The route that is measured.
const PATH: &str = "/helloworld/kit";
const BODY: &[u8] = br#"{"message":"Hello kit"}"#;

pub(crate) struct Http1 {
    stream: TcpStream,
    address: SocketAddr,
    request: String,
    buffer: Vec<u8>,
}

impl Connection for Http1 {
    fn open(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            stream: connect(address)?,
            address,
            request: request(address, ""),
            buffer: Vec::with_capacity(1024),
        })
    }

    fn ask(&mut self, requests: u32, mut answered: impl FnMut()) -> io::Result<()> {
        for _ in 0..requests {
            self.stream.write_all(self.request.as_bytes())?;
            self.receive()?;
            answered();
        }
        Ok(())
    }

    fn send_delayed(&mut self, delay: Duration) -> io::Result<()> {
        let delay = format!("?delay={}ms", delay.as_millis());
        let request = request(self.address, &delay);
        self.stream.write_all(request.as_bytes())
    }

    fn receive(&mut self) -> io::Result<()> {
        self.buffer.clear();
        loop {
            read_more(&mut self.stream, &mut self.buffer)?;
            match judge(&self.buffer) {
                None => {}
                Some(true) => return Ok(()),
                Some(false) => {
                    let text = String::from_utf8_lossy(&self.buffer);
                    return Err(io::Error::other(format!("unexpected answer: {text}")));
                }
            }
        }
    }
}

fn request(address: SocketAddr, query: &str) -> String {
    format!("GET {PATH}{query} HTTP/1.1\r\nhost: {address}\r\n\r\n")
}

/// Whether the answer is the expected one; nothing while it is not all there.
fn judge(buffer: &[u8]) -> Option<bool> {
    let head = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let body = &buffer[head + 4..];
    if !buffer.starts_with(b"HTTP/1.1 200 ") {
        return Some(false);
    }
    if body.len() < BODY.len() {
        return None;
    }
    Some(body == BODY)
}

#[cfg(test)]
mod tests {
    use super::judge;

    #[test]
    fn an_answer_is_judged_when_it_is_complete() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 23\r\n\r\n";
        let good = format!("{head}{{\"message\":\"Hello kit\"}}");
        let other = format!("{head}{{\"message\":\"Hello you\"}}");
        assert_eq!(judge(head.as_bytes()), None);
        assert_eq!(judge(good.as_bytes()), Some(true));
        assert_eq!(judge(other.as_bytes()), Some(false));
        assert_eq!(judge(b"HTTP/1.1 503 x\r\n\r\n"), Some(false));
    }
}
