//! helloworld in a separate process.

use std::collections::BTreeSet;
use std::env;
use std::process::Stdio;

use interop::terminate;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::view::LIMIT;

/// Names the program.
const VARIABLE: &str = "KIT_HELLOWORLD";
pub(super) const NAME: &str = "helloworld";

/// One that is ready, on free ports; killed when dropped.
pub(super) struct Helloworld {
    child: Child,
    lines: Lines<BufReader<ChildStderr>>,
    http: String,
    grpc: String,
}

impl Helloworld {
    /// Starts one that is found as `id` in a registry.
    ///
    /// After its departure it takes requests for longer than Kratos takes to see that: with Consul, one second
    /// passes between two queries of a watcher.
    pub(super) async fn start(registry: &str, id: &str) -> Helloworld {
        let program = env::var_os(VARIABLE).unwrap_or_else(|| {
            panic!("{VARIABLE} names no program: run `cargo xtask interop`, which builds it")
        });
        let mut command = Command::new(&program);
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("KIT_") || name == "RUST_LOG" {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"])
            .args(["--registry", registry, "--id", id, "--drain-delay", "3s"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("could not start {program:?}: {error}"));
        let lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let mut started = Helloworld {
            child,
            lines,
            http: String::new(),
            grpc: String::new(),
        };
        let ready = timeout(LIMIT, started.read_until_ready()).await;
        ready.unwrap_or_else(|_| panic!("helloworld {id} was not ready in {LIMIT:?}"));
        started
    }

    /// What it advertises.
    pub(super) fn endpoints(&self) -> BTreeSet<String> {
        [
            format!("http://{}", self.http),
            format!("grpc://{}", self.grpc),
        ]
        .into()
    }

    /// Begins its stop.
    pub(super) fn terminate(&self) {
        terminate(&self.child);
    }

    /// Whether it has ended; in good order, or the test fails.
    pub(super) fn ended(&mut self) -> bool {
        let status = self.child.try_wait().expect("a child");
        assert!(status.is_none_or(|status| status.success()), "{status:?}");
        status.is_some()
    }

    /// Waits for its end.
    pub(super) async fn end(mut self) {
        let status = timeout(LIMIT, self.child.wait()).await;
        let status = status.expect("helloworld ends at a SIGTERM");
        assert!(status.expect("a child").success());
    }

    async fn read_until_ready(&mut self) {
        let mut log = Vec::new();
        loop {
            let line = self.lines.next_line().await.expect("a log in UTF-8");
            let line = line.unwrap_or_else(|| panic!("helloworld has ended: {log:#?}"));
            for (field, address) in [("http=", &mut self.http), ("grpc=", &mut self.grpc)] {
                let words = &mut line.split(' ');
                if let Some(found) = words.find_map(|word| word.strip_prefix(field)) {
                    found.clone_into(address);
                }
            }
            if line.contains("ready") {
                return;
            }
            log.push(line);
        }
    }
}
