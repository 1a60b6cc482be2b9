//! A real Consul for one test.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, io};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::port::free_port;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running Consul, agent and server in one, that keeps nothing on disk; killed when dropped.
///
/// The binary is the one that `KIT_CONSUL` names, else `consul` from the `PATH`.
#[derive(Debug)]
pub struct Consul {
    child: Child,
    ports: Ports,
    config: String,
    dir: TempDir,
}

#[derive(Debug, Clone, Copy)]
struct Ports {
    http: u16,
    https: u16,
    server: u16,
    serf: u16,
}

impl Consul {
    /// Starts a Consul and waits until it has a leader.
    ///
    /// # Panics
    /// When there is no Consul, or it does not start.
    pub async fn start() -> Consul {
        Consul::start_with("").await
    }

    /// Starts a Consul with more of its configuration, in HCL.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with(config: &str) -> Consul {
        // Another process may take a port between its choice and its use.
        for _ in 0..5 {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let ports = Ports {
                http: free_port(),
                https: free_port(),
                server: free_port(),
                serf: free_port(),
            };
            let mut consul = Consul {
                child: spawn(&dir, ports, config),
                ports,
                config: config.to_owned(),
                dir,
            };
            if consul.answers_in_time().await {
                return consul;
            }
            consul.print_log();
        }
        panic!("consul does not start; its logs are above");
    }

    /// The address of the HTTP API: `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.http)
    }

    /// The address of the HTTP API over TLS, where the configuration names certificates.
    #[must_use]
    pub fn encrypted_address(&self) -> String {
        format!("127.0.0.1:{}", self.ports.https)
    }

    /// Ends it with SIGKILL.
    ///
    /// # Panics
    /// When it was not running.
    pub fn kill(&mut self) {
        self.child.kill().expect("consul is there to be killed");
        self.child.wait().expect("consul is our child");
    }

    /// Starts it again at the same ports, without its data, after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&mut self) {
        self.child = spawn(&self.dir, self.ports, &self.config);
        if !self.answers_in_time().await {
            self.print_log();
            panic!("consul does not start again; its log is above");
        }
    }

    /// Stops it with SIGSTOP: it keeps its connections and sends nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on with SIGCONT, after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    /// A call of the HTTP API, past any backend: the status and the body.
    ///
    /// # Panics
    /// When it is not answered.
    pub async fn call(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let answer = call(&self.address(), method, path, token, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    async fn answers_in_time(&mut self) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if self
                .child
                .try_wait()
                .expect("consul is our child")
                .is_some()
            {
                return false;
            }
            let address = self.address();
            let leader = call(&address, "GET", "/v1/status/leader", "", "");
            let leader = timeout(Duration::from_secs(1), leader).await;
            if matches!(&leader, Ok(Ok((200, leader))) if leader.contains("127.0.0.1")) {
                return true;
            }
            sleep(Duration::from_millis(50)).await;
        }
        false
    }

    fn print_log(&self) {
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        eprintln!("the log of consul at port {}:\n{log}", self.ports.http);
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(status.expect("kill runs").success(), "kill -s {signal}");
    }
}

impl Drop for Consul {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn call(
    address: &str,
    method: &str,
    path: &str,
    token: &str,
    body: &str,
) -> io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let token = match token {
        "" => String::new(),
        token => format!("X-Consul-Token: {token}\r\n"),
    };
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{token}Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other(format!("no answer of HTTP: {head}")))?;
    Ok((status, body.to_owned()))
}

/// A server and agent in one process, which listens on loopback at the given ports alone. Its
/// configuration stands in a file, because not every part of it has a flag.
fn spawn(dir: &TempDir, ports: Ports, config: &str) -> Child {
    let binary = env::var_os("KIT_CONSUL").map_or_else(|| PathBuf::from("consul"), PathBuf::from);
    let log = fs::File::create(dir.path().join("log")).expect("a log file");
    let Ports {
        http,
        https,
        server,
        serf,
    } = ports;
    let file = dir.path().join("agent.hcl");
    let text = format!(
        "ports {{ http = {http} https = {https} server = {server} serf_lan = {serf} serf_wan = -1 dns = \
         -1 grpc = -1 }}\nlimits {{ http_max_conns_per_client = 10000 }}\n{config}\n"
    );
    fs::write(&file, text).expect("a configuration file");
    Command::new(&binary)
        .args(["agent", "-dev", "-node", "test", "-log-level", "warn"])
        .args(["-bind", "127.0.0.1", "-client", "127.0.0.1", "-config-file"])
        .arg(file)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "these tests need Consul, and {} does not run: {error}. Run `cargo xtask conformance`, \
                 which builds it, or set KIT_CONSUL to the binary",
                binary.display()
            )
        })
}
