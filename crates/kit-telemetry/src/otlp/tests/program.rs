//! This test program, started again as a service.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::process::{ENDPOINT, FILTER, PROTOCOL, RATIO, RUNTIME};
use super::spans::PATIENCE;
use crate::otlp::OtlpProtocol;

/// A service that exports its traces.
pub(super) struct Program {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(super) address: SocketAddr,
}

impl Program {
    pub(super) fn start(collector: SocketAddr, protocol: OtlpProtocol, runtime: &str) -> Program {
        Program::start_with(collector, protocol, runtime, |_| ())
    }

    pub(super) fn start_with(
        collector: SocketAddr,
        protocol: OtlpProtocol,
        runtime: &str,
        change: impl FnOnce(&mut Command),
    ) -> Program {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([
                "--ignored",
                "--exact",
                "otlp::tests::process::program",
                "--nocapture",
            ])
            .env(ENDPOINT, format!("http://{collector}"))
            .env(PROTOCOL, format!("{protocol:?}"))
            .env(RUNTIME, runtime)
            .env(RATIO, "1")
            .env(FILTER, "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut program = Program {
            child,
            lines,
            address: ([127, 0, 0, 1], 0).into(),
        };
        program.address = program.wait_for("listening: ").parse().unwrap();
        program.wait_for("ready");
        program
    }

    /// Gives the rest of the line after `text`.
    #[track_caller]
    pub(super) fn wait_for(&mut self, text: &str) -> String {
        let mut seen = Vec::new();
        for line in self.lines.by_ref() {
            let line = line.unwrap();
            if let Some((_, rest)) = line.split_once(text) {
                return rest.trim().to_owned();
            }
            seen.push(line);
        }
        panic!("the program ended without saying `{text}`: {seen:#?}");
    }

    pub(super) fn terminate(&self) {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
    }

    /// Waits for its end; gives its exit code.
    #[track_caller]
    pub(super) fn code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
                None => panic!("it has not ended after {PATIENCE:?}"),
            }
        }
    }

    /// One request, answered whole.
    pub(super) fn ask(&self, headers: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /orders/7 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
