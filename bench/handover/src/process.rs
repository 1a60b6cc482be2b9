//! Servers as processes.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::Stack;

/// The longest wait for the start of a server, and for its end.
const PATIENCE: Duration = Duration::from_secs(20);

/// The way in which a server gets its listener.
pub(crate) enum Listener {
    Inherited(TcpListener),
    ReusePort(SocketAddr),
    /// Bound by one server at a time.
    Alone(SocketAddr),
}

impl Listener {
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Listener::Inherited(listener) => listener.local_addr(),
            Listener::ReusePort(address) | Listener::Alone(address) => Ok(*address),
        }
    }
}

/// A server that accepts connections.
pub(crate) struct Server(Child);

impl Server {
    /// Starts this program as a server and waits until it accepts. `tls` is the folder of its certificate,
    /// and `delay` how long it goes on serving after SIGTERM before its stop begins.
    pub(crate) async fn start(
        stack: Stack,
        listener: &Listener,
        tls: Option<&Path>,
        delay: Option<Duration>,
    ) -> io::Result<Server> {
        let mut arguments = vec!["serve".to_owned(), stack.to_string()];
        if let Some(delay) = delay {
            arguments.extend(["--delay".to_owned(), delay.as_millis().to_string()]);
        }
        if let Some(folder) = tls {
            arguments.extend(["--tls".to_owned(), folder.display().to_string()]);
        }
        let program = std::env::current_exe()?;
        if let Listener::ReusePort(address) | Listener::Alone(address) = listener {
            arguments.extend(["--address".to_owned(), address.to_string()]);
        }
        let mut command = match listener {
            Listener::ReusePort(_) => {
                arguments.push("--reuse-port".to_owned());
                Command::new(program)
            }
            Listener::Alone(_) => Command::new(program),
            Listener::Inherited(listener) => {
                // It comes as standard input, and the shell puts it where LISTEN_FDS says it is.
                let mut shell = Command::new("sh");
                let script = "exec 3<&0 </dev/null; exec \"$0\" \"$@\"";
                shell
                    .args(["-c", script])
                    .arg(program)
                    .env("LISTEN_FDS", "1");
                shell.stdin(OwnedFd::from(listener.try_clone()?));
                shell
            }
        };
        let mut child = command
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        let mut output = BufReader::new(output);
        let read = timeout(PATIENCE, output.read_line(&mut line)).await;
        read.map_err(|_| late("it was not ready"))??;
        if line.trim() != "ready" {
            return Err(io::Error::other("the server did not start"));
        }
        Ok(Server(child))
    }

    /// Sends SIGTERM and waits. Returns the exit status, and the time that the stop took.
    pub(crate) async fn stop(mut self) -> io::Result<(ExitStatus, Duration)> {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok());
        let id = id.and_then(Pid::from_raw);
        let asked_at = Instant::now();
        kill_process(
            id.ok_or_else(|| io::Error::other("it has ended"))?,
            Signal::TERM,
        )?;
        let status = timeout(PATIENCE, self.0.wait()).await;
        let status = status.map_err(|_| late("it did not end after SIGTERM"))??;
        Ok((status, asked_at.elapsed()))
    }
}

fn late(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("{what} within {PATIENCE:?}"),
    )
}
