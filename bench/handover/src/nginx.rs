//! A separate nginx in front of two servers, on a port of loopback.

use std::fs::{self, File};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The longest wait for its start, and for its end.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a start is tried: another process may take the port between its choice and its use.
const STARTS: usize = 5;

/// A running nginx; asked to end when it is dropped.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: TempDir,
}

impl Nginx {
    /// Starts it with the two servers as its upstream.
    ///
    /// # Errors
    /// When there is no such program, or it does not start: the error has its log.
    pub(crate) async fn start(program: &Path, servers: [SocketAddr; 2]) -> io::Result<Nginx> {
        let mut failed = None;
        for _ in 0..STARTS {
            let mut nginx = Nginx::spawn(program, servers)?;
            match nginx.accepts().await {
                Ok(()) => return Ok(nginx),
                Err(error) => failed = Some(nginx.with_log(&error)),
            }
        }
        Err(failed.expect("it was tried"))
    }

    fn spawn(program: &Path, servers: [SocketAddr; 2]) -> io::Result<Nginx> {
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = folder.path().join("nginx.conf");
        fs::write(&config, configuration(folder.path(), address, servers))?;
        let output = File::create(folder.path().join("output"))?;
        // Without a way to start the program there is nothing that a second try would change.
        let child = Command::new(program)
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(&config)
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .map_err(|error| {
                let program = program.display();
                io::Error::new(error.kind(), format!("could not start {program}: {error}"))
            })?;
        Ok(Nginx {
            child,
            address,
            folder,
        })
    }

    /// Waits until it accepts connections.
    async fn accepts(&mut self) -> io::Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("nginx ended: {status}")));
            }
            if TcpStream::connect(self.address).await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(5)).await;
        }
        let why = format!("nginx accepted nothing within {PATIENCE:?}");
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> io::Result<()> {
        self.terminate()?;
        let status = timeout(PATIENCE, self.child.wait()).await;
        let status = status.map_err(|_| io::Error::other("nginx did not end"))??;
        if status.success() {
            return Ok(());
        }
        Err(self.with_log(&io::Error::other(format!("nginx ended: {status}"))))
    }

    /// Its worker is a separate process, which ends with the master only when that is asked to.
    fn terminate(&self) -> io::Result<()> {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        match id.and_then(Pid::from_raw) {
            Some(id) => Ok(kill_process(id, Signal::TERM)?),
            None => Ok(()),
        }
    }

    fn with_log(&self, error: &io::Error) -> io::Error {
        let mut text = error.to_string();
        for name in ["output", "error.log"] {
            let log = fs::read_to_string(self.folder.path().join(name));
            text += &format!("\n{}", log.unwrap_or_default().trim_end());
        }
        io::Error::new(error.kind(), text)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // One that has ended already needs no signal.
        let _ = self.terminate();
    }
}

/// A common reverse proxy: connections to the servers are kept, and a request goes to the other server
/// only when it has reached none. A POST that was sent is never sent again, which is nginx' default.
///
/// `max_fails=0`, because nginx would call a server that is being restarted unavailable for ten seconds,
/// in which the other one is restarted.
fn configuration(folder: &Path, address: SocketAddr, [first, second]: [SocketAddr; 2]) -> String {
    let folder = folder.display();
    format!(
        "daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    upstream orders {{
        server {first} max_fails=0;
        server {second} max_fails=0;
        keepalive 64;
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://orders;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
        }}
    }}
}}
"
    )
}
