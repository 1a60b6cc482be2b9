//! A real etcd for one test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, fs, io};

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::port::free_port;

const START_LIMIT: Duration = Duration::from_secs(20);

/// A running etcd with its own data directory; killed when dropped.
///
/// The binary is the one that `KIT_ETCD` names, else `etcd` from the `PATH`.
#[derive(Debug)]
pub struct Etcd {
    child: Child,
    member: Member,
    dir: TempDir,
}

/// One member of a cluster, which may be the only one.
#[derive(Debug)]
struct Member {
    name: String,
    client_port: u16,
    peer_port: u16,
    /// Where it answers about its health without TLS, if its other port has TLS.
    health_port: Option<u16>,
    /// `name=peer URL` of all.
    cluster: String,
    /// The flags beside those that every member has.
    flags: Vec<String>,
}

impl Etcd {
    /// Starts an etcd and waits until it answers.
    ///
    /// # Panics
    /// When there is no etcd, or it does not start: a test is never skipped.
    pub async fn start() -> Etcd {
        let [etcd] = Etcd::start_cluster().await;
        etcd
    }

    /// Starts an etcd with more flags, such as `["--max-request-bytes", "65536"]`.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_with(flags: &[&str]) -> Etcd {
        let [etcd] = Etcd::start_members(flags, false).await;
        etcd
    }

    /// Starts an etcd whose clients need TLS. The flags name the files of its certificates, such as
    /// `["--cert-file", …, "--key-file", …]`.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_encrypted(flags: &[&str]) -> Etcd {
        let [etcd] = Etcd::start_members(flags, true).await;
        etcd
    }

    /// Starts a cluster of `N` members and waits until each answers.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn start_cluster<const N: usize>() -> [Etcd; N] {
        Etcd::start_members(&[], false).await
    }

    async fn start_members<const N: usize>(flags: &[&str], is_encrypted: bool) -> [Etcd; N] {
        // Another process may take a port between its choice and its use.
        for _ in 0..5 {
            let mut members = members::<N>(flags, is_encrypted).map(|member| {
                let dir = folder_for_data().expect("a temporary directory");
                let child = spawn(dir.path(), &member);
                Etcd { child, member, dir }
            });
            let mut all_answer = true;
            for member in &mut members {
                all_answer = all_answer && member.answers_in_time().await;
            }
            if all_answer {
                return members;
            }
            members.iter().for_each(Etcd::print_log);
        }
        panic!("etcd does not start; its logs are above");
    }

    /// The address for clients: `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.member.client_port)
    }

    /// The registry URL of one without TLS, with `rest` behind the address: a namespace, options, or nothing.
    #[must_use]
    pub fn url(&self, rest: &str) -> String {
        format!("etcd://{}{rest}", self.address())
    }

    /// The version of the server, such as `(3, 4)`: what a server refuses is not the same in each.
    ///
    /// # Panics
    /// When it does not say one.
    pub async fn version(&self) -> (u32, u32) {
        let answer = get(self.member.health_port(), "/version").await;
        let answer = answer.unwrap_or_else(|error| panic!("GET /version: {error}"));
        let version = version(&answer);
        version.unwrap_or_else(|| panic!("no version in {answer}"))
    }

    /// Ends it with SIGKILL.
    ///
    /// # Panics
    /// When it was not running.
    pub fn kill(&mut self) {
        self.child.kill().expect("etcd is there to be killed");
        self.child.wait().expect("etcd is our child");
    }

    /// Starts it again with its data, after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart(&mut self) {
        self.child = spawn(self.dir.path(), &self.member);
        if !self.answers_in_time().await {
            self.print_log();
            panic!("etcd does not start again; its log is above");
        }
    }

    /// Starts it again without its data, after [`kill`](Self::kill).
    ///
    /// # Panics
    /// When it does not start.
    pub async fn restart_empty(&mut self) {
        fs::remove_dir_all(self.dir.path().join("data")).expect("the data directory");
        self.restart().await;
    }

    /// Stops it with SIGSTOP: it keeps its connections and sends nothing. Returns once none of its
    /// threads runs: the system stops them one after the other, after the signal was sent.
    pub fn freeze(&self) {
        self.signal("STOP");
        while self.has_a_thread_that_runs() {
            std::thread::yield_now();
        }
    }

    /// Always `false` where there is no `/proc`.
    fn has_a_thread_that_runs(&self) -> bool {
        let tasks = format!("/proc/{}/task", self.child.id());
        let Ok(tasks) = std::fs::read_dir(tasks) else {
            return false;
        };
        tasks.flatten().any(|task| {
            let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
            // The state follows the name, which may hold any text but is in parentheses.
            let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
            !matches!(state.flatten(), Some('T' | 't') | None)
        })
    }

    /// Lets it go on with SIGCONT, after [`freeze`](Self::freeze).
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    async fn answers_in_time(&mut self) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("etcd is our child").is_some() {
                return false;
            }
            // It listens before it has a leader, and is healthy only with one.
            let health = timeout(Duration::from_secs(1), health(self.member.health_port())).await;
            if matches!(health, Ok(Ok(true))) {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
        false
    }

    fn print_log(&self) {
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        eprintln!("the log of etcd {}:\n{log}", self.member.name);
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(status.expect("kill runs").success(), "kill -s {signal}");
    }
}

impl Drop for Etcd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address on this machine at which no process listens.
#[must_use]
pub fn dead_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

impl Member {
    fn health_port(&self) -> u16 {
        self.health_port.unwrap_or(self.client_port)
    }

    fn client_url(&self) -> String {
        match self.health_port {
            None => local(self.client_port),
            Some(_) => format!("https://127.0.0.1:{}", self.client_port),
        }
    }
}

async fn health(port: u16) -> io::Result<bool> {
    let answer = get(port, "/health").await?;
    Ok(answer.contains(r#""health":"true""#))
}

async fn get(port: u16, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {path} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// The first two numbers of the server's version in an answer such as `{"etcdserver":"3.4.23",…}`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let (_, version) = answer.split_once(r#""etcdserver":""#)?;
    let mut numbers = version.split(['.', '"']);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn members<const N: usize>(flags: &[&str], is_encrypted: bool) -> [Member; N] {
    let mut index = 0;
    let mut members = [(); N].map(|()| {
        index += 1;
        let (client_port, peer_port) = (free_port(), free_port());
        Member {
            name: format!("n{index}"),
            client_port,
            peer_port,
            health_port: is_encrypted.then(free_port),
            cluster: String::new(),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        }
    });
    let peer = |member: &Member| format!("{}={}", member.name, local(member.peer_port));
    let cluster = members.iter().map(peer).collect::<Vec<_>>().join(",");
    for member in &mut members {
        member.cluster.clone_from(&cluster);
    }
    members
}

fn local(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// In memory, if there is room: etcd syncs what it writes, and while a build wrote to the same disk, a write took seconds.
fn folder_for_data() -> io::Result<TempDir> {
    const MEMORY: &str = "/dev/shm";
    /// Each log of a member takes 64 MiB before its first entry, and there are many members at a time.
    const ROOM: u64 = 4 << 30;
    #[cfg(target_os = "linux")]
    if rustix::fs::statvfs(MEMORY).is_ok_and(|memory| memory.f_bavail * memory.f_frsize >= ROOM)
        && let Ok(folder) = tempfile::tempdir_in(MEMORY)
    {
        return Ok(folder);
    }
    tempfile::tempdir()
}

fn spawn(dir: &Path, member: &Member) -> Child {
    let binary = env::var_os("KIT_ETCD").map_or_else(|| PathBuf::from("etcd"), PathBuf::from);
    let (client, peer) = (member.client_url(), local(member.peer_port));
    let health = member.health_port.map(local);
    let health = health.iter().flat_map(|url| ["--listen-metrics-urls", url]);
    let log = fs::File::create(dir.join("log")).expect("a log file");
    Command::new(&binary)
        .args(["--name", &member.name, "--log-level", "error"])
        .arg("--data-dir")
        .arg(dir.join("data"))
        .args(["--listen-client-urls", &client, "--advertise-client-urls", &client])
        .args(["--listen-peer-urls", &peer, "--initial-advertise-peer-urls", &peer])
        .args(["--initial-cluster", &member.cluster])
        .args(health)
        .args(&member.flags)
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
