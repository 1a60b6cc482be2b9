//! One connection: its lines, and its end.

use std::io::Result;
use std::net::SocketAddr;
use std::time::Duration;

use kit::Context;
use kit::transport::Cut;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy, sink};
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;
use tokio::time::timeout;

/// The longest silence of a client.
const IDLE: Duration = Duration::from_secs(60);
/// How long a client may take to read an answer, and, in a drain, to end its line and to close.
const GRACE: Duration = Duration::from_secs(5);
/// The longest line, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Serves a connection to its end, and holds its place until then.
pub(crate) async fn serve<P>(stream: TcpStream, peer: SocketAddr, ctx: Context, _place: P) {
    if let Err(error) = answer(stream, peer, &ctx).await {
        // That a client breaks off is no failure of the server's.
        tracing::debug!(%peer, %error, "connection broken off");
    }
}

/// Answers line by line. Once the drain has begun, the line that has begun to arrive is the last one: a client
/// that gets no answer to a later one knows that it was not read.
async fn answer(mut stream: TcpStream, peer: SocketAddr, ctx: &Context) -> Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    let mut is_last = false;
    while !is_last {
        let Some(line) = next_line(&mut reader, peer, ctx).await? else {
            break;
        };
        is_last = ctx.scope().is_cancelled();
        timeout(GRACE, writer.write_all(&line)).await??;
    }
    // To close a socket with unread bytes is a reset, which overtakes the answer. So the client closes first.
    writer.shutdown().await?;
    timeout(GRACE, copy(&mut reader, &mut sink())).await??;
    Ok(())
}

/// The next line; `None` when none has begun before the client's end or the drain, or when it is not completed.
async fn next_line(
    reader: &mut BufReader<ReadHalf<'_>>,
    peer: SocketAddr,
    ctx: &Context,
) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let reading = timeout(IDLE, read_on(reader, &mut line));
    match ctx.scope().token().run_until_cancelled(reading).await {
        Some(read) => read??,
        None if line.is_empty() && reader.buffer().is_empty() => return Ok(None),
        // The bytes that were read are in `line`, also when the reading is dropped.
        None => match timeout(GRACE, read_on(reader, &mut line)).await {
            Ok(read) => read?,
            Err(_) => ctx.count_cut(Cut::Stream, format!("a line from {peer}")),
        },
    }
    Ok(line.ends_with(b"\n").then_some(line))
}

/// Reads up to the end of the line, or to the longest one that is taken.
async fn read_on(reader: &mut BufReader<ReadHalf<'_>>, line: &mut Vec<u8>) -> Result<()> {
    let left = LONGEST - line.len() as u64;
    reader.take(left).read_until(b'\n', line).await?;
    Ok(())
}
