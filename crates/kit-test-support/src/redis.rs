//! A real Redis for one test.

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

/// A running Redis that keeps nothing on disk; killed when dropped.
///
/// The binary is the one that `KIT_REDIS` names, else `redis-server` from the `PATH`.
#[derive(Debug)]
pub struct Redis {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl Redis {
    /// Starts a Redis and waits until it answers.
    ///
    /// # Panics
    /// When there is no Redis, or it does not start: a test is never skipped.
    pub async fn start() -> Redis {
        // Another process may take a port between its choice and its use.
        for _ in 0..5 {
            let dir = tempfile::tempdir().expect("a temporary directory");
            let port = free_port();
            let child = spawn(dir.path(), port);
            let mut redis = Redis { child, port, dir };
            if redis.answers_in_time().await {
                return redis;
            }
            redis.print_log();
        }
        panic!("redis does not start; its logs are above");
    }

    /// The address for clients: `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Ends it with SIGKILL.
    ///
    /// # Panics
    /// When it was not running.
    pub fn kill(&mut self) {
        self.child.kill().expect("redis is there to be killed");
        self.child.wait().expect("redis is our child");
    }

    async fn answers_in_time(&mut self) -> bool {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if self.child.try_wait().expect("redis is our child").is_some() {
                return false;
            }
            let ping = timeout(Duration::from_secs(1), ping(&self.address())).await;
            if matches!(ping, Ok(Ok(true))) {
                return true;
            }
            sleep(Duration::from_millis(5)).await;
        }
        false
    }

    fn print_log(&self) {
        let log = fs::read_to_string(self.dir.path().join("log")).unwrap_or_default();
        eprintln!("the log of redis at port {}:\n{log}", self.port);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn ping(address: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await?;
    Ok(answer == *b"+PONG\r\n")
}

fn spawn(dir: &Path, port: u16) -> Child {
    let binary = env::var_os("KIT_REDIS").map_or_else(|| "redis-server".into(), PathBuf::from);
    let log = fs::File::create(dir.join("log")).expect("a log file");
    Command::new(&binary)
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
        .arg("--dir")
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(log)
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "these tests need Redis, and {} does not run: {error}. Run `cargo xtask test`, which \
                 installs it, or install Debian's redis-server, or set KIT_REDIS to the binary",
                binary.display()
            )
        })
}
