//! The load: blocking connections, bounded in requests or in time.

use std::io::{self, ErrorKind, Read};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::http1::Http1;
use super::http2::Grpc;
use crate::Result;

/// Longer than any answer takes, under valgrind too.
const PATIENCE: Duration = Duration::from_secs(30);

/// The request, and the protocol it is sent with.
#[derive(Clone, Copy)]
pub(super) enum Protocol {
    /// GET over HTTP/1.1
    Http,
    /// A unary call
    Grpc,
}

impl Protocol {
    /// As programs name the address in their logs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
        }
    }
}

/// How much is asked at a time.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) connections: usize,
    /// Sent together on each connection, which then waits for all answers. HTTP/1.1 has only one.
    pub(super) streams: u32,
}

/// What a load run saw.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) requests: u64,
    /// In microseconds, one for each request.
    pub(super) latencies: Vec<u32>,
}

/// One connection to a server.
pub(crate) trait Connection: Sized {
    fn open(address: SocketAddr) -> io::Result<Self>;

    /// Sends `requests` at once and checks the answers; `answered` is called for each.
    fn ask(&mut self, requests: u32, answered: impl FnMut()) -> io::Result<()>;

    /// Sends a request that is answered after `delay`.
    fn send_delayed(&mut self, delay: Duration) -> io::Result<()>;

    /// Waits for the answer and checks it.
    fn receive(&mut self) -> io::Result<()>;
}

/// Sends `requests` over one connection, `streams` at a time, and waits for their answers before the
/// next.
pub(super) fn serial(
    protocol: Protocol,
    address: SocketAddr,
    requests: u64,
    streams: u32,
) -> Result {
    match protocol {
        Protocol::Http => in_turn::<Http1>(address, requests, streams)?,
        Protocol::Grpc => in_turn::<Grpc>(address, requests, streams)?,
    }
    Ok(())
}

fn in_turn<C: Connection>(address: SocketAddr, requests: u64, streams: u32) -> io::Result<()> {
    let mut connection = C::open(address)?;
    let mut left = requests;
    while left > 0 {
        let now = u32::try_from(left).map_or(streams, |left| left.min(streams));
        connection.ask(now, || {})?;
        left -= u64::from(now);
    }
    Ok(())
}

/// Keeps every connection asking until the time is over.
pub(super) fn concurrent(
    protocol: Protocol,
    address: SocketAddr,
    shape: Shape,
    duration: Duration,
) -> Result<Seen> {
    let end = Instant::now() + duration;
    let until = match protocol {
        Protocol::Http => until::<Http1>,
        Protocol::Grpc => until::<Grpc>,
    };
    let results = thread::scope(|scope| {
        let threads: Vec<_> = (0..shape.connections)
            .map(|_| scope.spawn(move || until(address, shape.streams, end)))
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

fn until<C: Connection>(address: SocketAddr, streams: u32, end: Instant) -> io::Result<Seen> {
    let mut connection = C::open(address)?;
    let mut seen = Seen::default();
    let mut before = Instant::now();
    while before < end {
        connection.ask(streams, || {
            let micros = before.elapsed().as_micros();
            seen.latencies
                .push(u32::try_from(micros).unwrap_or(u32::MAX));
            seen.requests += 1;
        })?;
        before = Instant::now();
    }
    Ok(seen)
}

pub(super) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Appends what there is to read; the end of the connection is an error.
pub(super) fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut chunk = [0; 4096];
    match stream.read(&mut chunk)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        read => {
            buffer.extend_from_slice(&chunk[..read]);
            Ok(())
        }
    }
}
