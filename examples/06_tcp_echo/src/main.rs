//! A hand-written server: lines over TCP, each sent back as it came.
//!
//! ```text
//! cargo run -p tcp_echo -- 127.0.0.1:7000 127.0.0.1:9090
//! printf 'hello\n' | nc -N 127.0.0.1 7000
//! curl 'http://127.0.0.1:9090/readyz?verbose'
//! ```
//!
//! A registry would show it as `echo://127.0.0.1:7000`; with `hidden` as a third argument, it would not. While
//! it has no room for another connection, the app is not ready. At a stop the server accepts no more, answers
//! each line that has begun (`connection`), and closes its connections.

mod connection;
#[cfg(test)]
mod tests;

use std::env;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use kit::transport::FreePorts;
use kit::{App, AppBuilder, BoxError, CheckOptions, Context, Listening, Server, async_trait};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

struct Echo {
    address: SocketAddr,
    is_hidden: bool,
    /// One for each connection that there is room for.
    places: Arc<Semaphore>,
}

#[async_trait]
impl Server for Echo {
    fn name(&self) -> &str {
        "echo"
    }

    /// Returns when it listens. Where it listens is logged, advertised, and given to tests.
    async fn start(&self, ctx: &Context) -> Result<Vec<Listening>, BoxError> {
        // A `TestApp` asks for a free port.
        let listener = TcpListener::bind(FreePorts::or(ctx, self.address)).await?;
        let listening = Listening::tcp("echo", listener.local_addr()?);
        let accepting = accept(listener, Arc::clone(&self.places), ctx.clone());
        ctx.scope().spawn("accept", accepting);
        let hidden = self.is_hidden.then(|| listening.clone().private());
        Ok(vec![hidden.unwrap_or(listening)])
    }
}

/// Accepts until the drain begins. The connections are tasks of the same scope, so the app waits for them too.
async fn accept(
    listener: TcpListener,
    places: Arc<Semaphore>,
    ctx: Context,
) -> Result<(), BoxError> {
    let token = ctx.scope().token();
    // One connection that there is no room for waits here, and others in the system's queue.
    let next = async || {
        let accepted = listener.accept().await;
        (accepted, Arc::clone(&places).acquire_owned().await)
    };
    while let Some((accepted, place)) = token.run_until_cancelled(next()).await {
        match accepted {
            Ok((stream, peer)) => {
                let serving = connection::serve(stream, peer, ctx.clone(), place);
                // Refused only when the scope has ended; then nothing is accepted any more.
                let _ = ctx.scope().track(serving);
            }
            Err(error) => {
                // The client has gone, or too many files are open: neither ends a server.
                tracing::warn!(%error, "could not accept a connection");
                let pause = tokio::time::sleep(Duration::from_millis(100));
                token.run_until_cancelled(pause).await;
            }
        }
    }
    Ok(())
}

fn service(address: SocketAddr, is_hidden: bool, room: usize) -> AppBuilder {
    let places = Arc::new(Semaphore::new(room));
    let left = Arc::clone(&places);
    let has_room = move || match left.available_permits() {
        0 => Err("no room for another connection".into()),
        _ => Ok(()),
    };
    let often = CheckOptions::new().period(Duration::from_millis(100));
    App::builder("tcp_echo")
        .server(Echo {
            address,
            is_hidden,
            places,
        })
        .check_with("room", often, move |_check| std::future::ready(has_room()))
}

/// Where the server and its admin pages listen, and whether registries do not show it.
fn arguments() -> Result<(SocketAddr, SocketAddr, bool), String> {
    let address = |argument, otherwise: &str| {
        let given = env::args().nth(argument);
        let given = given.as_deref().unwrap_or(otherwise);
        let address = given.parse::<SocketAddr>();
        address.map_err(|_| format!("`{given}` is no address, such as `127.0.0.1:7000`"))
    };
    let is_hidden = match env::args().nth(3).as_deref() {
        None => false,
        Some("hidden") => true,
        Some(other) => return Err(format!("`{other}` is not `hidden`, the one third argument")),
    };
    let echo = address(1, "127.0.0.1:7000")?;
    Ok((echo, address(2, "127.0.0.1:9090")?, is_hidden))
}

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_ansi(false).init();
    match arguments() {
        Ok((echo, admin, is_hidden)) => service(echo, is_hidden, 1000).admin(admin).build().main(),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
