//! A small load client: blocking keep-alive HTTP/1.1, bounded in requests or in time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;

/// The route that is measured.
pub(super) const PATH: &str = "/helloworld/kit";
const BODY: &[u8] = br#"{"message":"Hello kit"}"#;
/// Longer than any answer takes, under valgrind too.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a load run saw.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) requests: u64,
    /// In microseconds, one for each request.
    pub(super) latencies: Vec<u32>,
}

/// Sends `requests` over one connection, one after the other.
pub(super) fn serial(address: SocketAddr, requests: u64) -> Result {
    let mut connection = Connection::open(address)?;
    for _ in 0..requests {
        connection.request()?;
    }
    Ok(())
}

/// Keeps one request in flight on each of `connections` until the time is over.
pub(super) fn concurrent(
    address: SocketAddr,
    connections: usize,
    duration: Duration,
) -> Result<Seen> {
    let end = Instant::now() + duration;
    let results = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|_| scope.spawn(move || until(address, end)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a load thread does not panic"))
            .collect::<io::Result<Vec<_>>>()
    });
    let mut all = Seen::default();
    for seen in results? {
        all.requests += seen.requests;
        all.latencies.extend(seen.latencies);
    }
    Ok(all)
}

fn until(address: SocketAddr, end: Instant) -> io::Result<Seen> {
    let mut connection = Connection::open(address)?;
    let mut seen = Seen::default();
    let mut before = Instant::now();
    while before < end {
        connection.request()?;
        let after = Instant::now();
        let micros = after.duration_since(before).as_micros();
        seen.latencies
            .push(u32::try_from(micros).unwrap_or(u32::MAX));
        seen.requests += 1;
        before = after;
    }
    Ok(seen)
}

struct Connection {
    stream: TcpStream,
    request: String,
    buffer: Vec<u8>,
}

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            request: format!("GET {PATH} HTTP/1.1\r\nhost: {address}\r\n\r\n"),
            buffer: Vec::with_capacity(1024),
        })
    }

    /// One request, and its answer checked.
    fn request(&mut self) -> io::Result<()> {
        self.stream.write_all(self.request.as_bytes())?;
        self.buffer.clear();
        let mut chunk = [0; 1024];
        loop {
            let read = self.stream.read(&mut chunk)?;
            if read == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(&chunk[..read]);
            match answered(&self.buffer) {
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

/// Whether the answer is the expected one; nothing while it is not all there.
fn answered(buffer: &[u8]) -> Option<bool> {
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
    use super::answered;

    #[test]
    fn an_answer_is_judged_when_it_is_complete() {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 23\r\n\r\n";
        let good = format!("{head}{{\"message\":\"Hello kit\"}}");
        let other = format!("{head}{{\"message\":\"Hello you\"}}");
        assert_eq!(answered(head.as_bytes()), None);
        assert_eq!(answered(good.as_bytes()), Some(true));
        assert_eq!(answered(other.as_bytes()), Some(false));
        assert_eq!(answered(b"HTTP/1.1 503 x\r\n\r\n"), Some(false));
    }
}
