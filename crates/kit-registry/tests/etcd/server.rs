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
pub(crate) struct Server {
    child: Child,
    member: Member,
    dir: TempDir,
}

/// One member of a cluster, which may be the only one.
struct Member {
    name: String,
    client_port: u16,
    peer_port: u16,
    /// `name=peer URL` of all.
    cluster: String,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let [server] = Self::start_cluster().await;
        server
    }

    /// Starts a cluster of `N`.
    pub(crate) async fn start_cluster<const N: usize>() -> [Self; N] {
        // Somebody else may take a port between its choice and its use.
        for _ in 0..5 {
            let mut servers = members::<N>().map(|member| {
                let dir = tempfile::tempdir().expect("a temporary directory");
                let child = spawn(dir.path(), &member);
                Self { child, member, dir }
            });
            let mut all_ready = true;
            for server in &mut servers {
                all_ready = all_ready && server.ready().await;
            }
            if all_ready {
                return servers;
            }
            for server in &servers {
                eprintln!("etcd does not start; its log:\n{}", server.log());
            }
        }
        panic!("etcd does not start; its logs are above");
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.member.client_port)
    }

    pub(crate) fn url(&self, rest: &str) -> String {
        format!("etcd://{}{rest}", self.address())
    }

    pub(crate) fn raw(&self) -> Raw {
        Raw::new(&self.address())
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("etcd is there to be killed");
        self.child.wait().expect("etcd is our child");
    }

    /// Starts it again with its data, after `kill`.
    pub(crate) async fn restart(&mut self) {
        self.child = spawn(self.dir.path(), &self.member);
        assert!(
            self.ready().await,
            "etcd does not start again; its log:\n{}",
            self.log()
        );
    }

    /// Starts it again without its data, after `kill`.
    pub(crate) async fn restart_empty(&mut self) {
        fs::remove_dir_all(self.dir.path().join("data")).expect("the data directory");
        self.restart().await;
    }

    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    async fn ready(&mut self) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("etcd is our child").is_some() {
                return false;
            }
            // It listens before it has a leader, without which it does not answer.
            if TcpStream::connect(self.address()).await.is_ok() && self.raw().answers().await {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
        false
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
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
pub(crate) fn dead_address() -> String {
    let (port, _) = free_ports();
    format!("127.0.0.1:{port}")
}

fn free_ports() -> (u16, u16) {
    let one = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let two = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = |listener: &TcpListener| listener.local_addr().expect("bound").port();
    (port(&one), port(&two))
}

fn members<const N: usize>() -> [Member; N] {
    let mut index = 0;
    let mut members = [(); N].map(|()| {
        index += 1;
        let (client_port, peer_port) = free_ports();
        Member {
            name: format!("n{index}"),
            client_port,
            peer_port,
            cluster: String::new(),
        }
    });
    let all: Vec<_> = members
        .iter()
        .map(|member| format!("{}={}", member.name, local(member.peer_port)))
        .collect();
    for member in &mut members {
        member.cluster = all.join(",");
    }
    members
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn spawn(dir: &Path, member: &Member) -> Child {
    let binary = env::var_os("KIT_ETCD").map_or_else(|| PathBuf::from("etcd"), PathBuf::from);
    let client = local(member.client_port);
    let peer = local(member.peer_port);
    let log = fs::File::create(dir.join("log")).expect("a log file");
    Command::new(&binary)
        .args(["--name", &member.name, "--log-level", "error"])
        .arg("--data-dir")
        .arg(dir.join("data"))
        .args(["--listen-client-urls", &client])
        .args(["--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer])
        .args(["--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &member.cluster])
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
