//! A real etcd of a test's own.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::raw::Raw;

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running etcd, killed when dropped.
pub struct Server {
    child: Child,
    client_port: u16,
    peer_port: u16,
    dir: TempDir,
}

impl Server {
    pub async fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        // Somebody else may take a port between its choice and its use.
        for _ in 0..5 {
            let (client_port, peer_port) = free_ports();
            let mut child = spawn(dir.path(), client_port, peer_port);
            if ready(&mut child, client_port).await {
                return Self {
                    child,
                    client_port,
                    peer_port,
                    dir,
                };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = fs::read_to_string(dir.path().join("log")).unwrap_or_default();
        panic!("etcd does not start; its log:\n{log}");
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.client_port)
    }

    pub fn url(&self, rest: &str) -> String {
        format!("etcd://{}{rest}", self.address())
    }

    pub fn raw(&self) -> Raw {
        Raw::new(&self.address())
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("etcd is there to be killed");
        self.child.wait().expect("etcd is our child");
    }

    /// Starts it again with its data, after `kill`.
    pub async fn restart(&mut self) {
        self.child = spawn(self.dir.path(), self.client_port, self.peer_port);
        assert!(
            ready(&mut self.child, self.client_port).await,
            "etcd does not start again"
        );
    }

    /// Starts it again without its data, after `kill`.
    pub async fn restart_empty(&mut self) {
        fs::remove_dir_all(self.dir.path().join("data")).expect("the data directory");
        self.restart().await;
    }

    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(status.expect("kill runs").success(), "kill {signal}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address at which nobody listens.
pub fn dead_address() -> String {
    let (port, _) = free_ports();
    format!("127.0.0.1:{port}")
}

fn free_ports() -> (u16, u16) {
    let one = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let two = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = |listener: &TcpListener| listener.local_addr().expect("bound").port();
    (port(&one), port(&two))
}

fn spawn(dir: &Path, client_port: u16, peer_port: u16) -> Child {
    let binary = env::var_os("KIT_ETCD").map_or_else(|| PathBuf::from("etcd"), PathBuf::from);
    let client = format!("http://127.0.0.1:{client_port}");
    let peer = format!("http://127.0.0.1:{peer_port}");
    let log = fs::File::create(dir.join("log")).expect("a log file");
    Command::new(&binary)
        .args(["--name", "test", "--log-level", "error", "--enable-v2=false"])
        .arg("--data-dir")
        .arg(dir.join("data"))
        .args(["--listen-client-urls", &client])
        .args(["--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer])
        .args(["--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &format!("test={peer}")])
        .env_remove("ETCD_NAME")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "these tests need etcd, and {} does not run: {error}. Run `cargo xtask test`, which \
                 installs it, or install Debian's etcd-server, or set KIT_ETCD to the binary",
                binary.display()
            )
        })
}

async fn ready(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + START_LIMIT;
    while Instant::now() < deadline {
        if child.try_wait().expect("etcd is our child").is_some() {
            return false;
        }
        let address = format!("127.0.0.1:{port}");
        // It listens before it has a leader, without which it does not answer.
        if TcpStream::connect(&address).await.is_ok() && Raw::new(&address).answers().await {
            return true;
        }
        sleep(Duration::from_millis(20)).await;
    }
    false
}
