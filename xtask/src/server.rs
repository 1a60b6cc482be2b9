//! A server in a separate process: started, found by the address it logs, ended by its id.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::cargo::{command, run};

/// Valgrind needs seconds to load a program.
const START: Duration = Duration::from_secs(60);
/// More than any stop deadline of the programs measured.
const STOP: Duration = Duration::from_secs(40);

/// A program that serves.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) binary: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// Whether SIGTERM is a request that it answers with exit code 0.
    pub(crate) stops_cleanly: bool,
}

impl Program {
    /// Starts it, under `tool` if that is not empty. The log goes into `folder`; the program has
    /// started when an address stands in its field `address`.
    pub(crate) fn start(&self, tool: &[String], folder: &Path, address: &str) -> Result<Server> {
        let log = folder.join(format!("{}.log", self.name));
        let file = File::create(&log)?;
        let mut command = match tool.split_first() {
            None => command(&self.binary),
            Some((program, arguments)) => {
                let mut command = command(program);
                command.args(arguments).arg(&self.binary);
                command
            }
        };
        command.args(&self.arguments);
        without_settings(&mut command);
        command.stdout(file.try_clone()?).stderr(file);
        let child = command
            .spawn()
            .map_err(|error| format!("could not start {}: {error}", self.name))?;
        let mut server = Server {
            name: self.name,
            stops_cleanly: self.stops_cleanly,
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            log,
        };
        server.address = server.address(address)?;
        Ok(server)
    }
}

/// Resident memory in MiB.
pub(crate) struct Memory {
    pub(crate) resident: f64,
    /// The most that it ever was.
    pub(crate) most_resident: f64,
    /// Without the pages of files, such as the program itself.
    pub(crate) own: f64,
}

/// The caller's own settings must not decide what is measured.
pub(crate) fn without_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let others = [
            "GODEBUG",
            "GOGC",
            "GOMAXPROCS",
            "GOMEMLIMIT",
            "KUBERNETES_SERVICE_HOST",
            "LISTEN_FDS",
            "NOTIFY_SOCKET",
            "RUST_LOG",
            "TOKIO_WORKER_THREADS",
        ];
        if text.starts_with("KIT_") || others.contains(&&*text) {
            command.env_remove(&name);
        }
    }
}

/// A running server; killed when dropped without having been stopped.
pub(crate) struct Server {
    name: &'static str,
    stops_cleanly: bool,
    child: Child,
    pub(crate) address: SocketAddr,
    log: PathBuf,
}

impl Server {
    /// The address that it logs, waited for; `field` is `http`, `grpc` and the like.
    pub(crate) fn address(&mut self, field: &str) -> Result<SocketAddr> {
        let end = Instant::now() + START;
        while Instant::now() < end {
            let log = fs::read_to_string(&self.log)?;
            if let Some(address) = logged_address(&log, field) {
                return Ok(address);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended ({status}) at its start:\n{log}", self.name).into());
            }
            thread::sleep(Duration::from_millis(2));
        }
        let log = self.log.display();
        let name = self.name;
        Err(format!("{name} logged no `{field}=ADDRESS` in {START:?}; see {log}").into())
    }

    /// The server's own process, which is a child of the tool when there is one that forks.
    fn process(&self) -> u32 {
        child_of(self.child.id()).unwrap_or(self.child.id())
    }

    /// CPU time of the server so far, all threads; nothing where the system does not tell.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.process())).ok()?;
        let mut nanos = 0;
        for task in tasks {
            let text = fs::read_to_string(task.ok()?.path().join("schedstat")).ok()?;
            nanos += text.split(' ').next()?.parse::<u64>().ok()?;
        }
        Some(Duration::from_nanos(nanos))
    }

    /// What it has of memory; nothing where the system does not tell.
    pub(crate) fn memory(&self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process())).ok()?;
        Some(Memory {
            resident: mebibytes(&status, "VmRSS:")?,
            most_resident: mebibytes(&status, "VmHWM:")?,
            own: mebibytes(&status, "RssAnon:")?,
        })
    }

    /// SIGTERM, then waits for the end and judges it.
    pub(crate) fn stop(mut self) -> Result {
        signal(self.process(), "TERM")?;
        let end = Instant::now() + STOP;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return self.judge(status);
            }
            thread::sleep(Duration::from_millis(1));
        }
        Err(format!("{} still ran {STOP:?} after SIGTERM", self.name).into())
    }

    fn judge(&self, status: ExitStatus) -> Result {
        if self.stops_cleanly && !status.success() {
            let log = self.log.display();
            return Err(format!("{} did not end with 0 but {status}; see {log}", self.name).into());
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The id belongs to the server only until its end has been waited for.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = signal(self.process(), "KILL");
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn signal(process: u32, name: &str) -> Result {
    let script = format!("kill -{name} {process}");
    run(command("sh").args(["-c", &script]))
}

/// The one child of a process, if it has any.
fn child_of(parent: u32) -> Option<u32> {
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse() else {
            continue;
        };
        // `id (name) state parent …`, where the name may hold anything but a last parenthesis.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if fields.split_whitespace().nth(1) == Some(parent.to_string().as_str()) {
            return Some(id);
        }
    }
    None
}

/// The value of a field in a log line, `pretty` or JSON, if it is the address of a port.
pub(crate) fn logged_address(log: &str, name: &str) -> Option<SocketAddr> {
    [format!("{name}="), format!("\"{name}\":")]
        .iter()
        .find_map(|field| {
            log.match_indices(field)
                .map(|(at, _)| log[at + field.len()..].trim_start_matches([' ', '"']))
                .map(|rest| {
                    rest.split(['"', ' ', ',', '\n', '}'])
                        .next()
                        .unwrap_or(rest)
                })
                .filter_map(|value| value.parse::<SocketAddr>().ok())
                .find(|address| address.port() != 0)
        })
}

/// Of `VmRSS: 5324 kB`, with a tab and spaces between.
pub(crate) fn mebibytes(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::{logged_address, mebibytes};

    #[test]
    fn the_real_port_is_found_in_both_log_formats() {
        let pretty = "INFO starting http=127.0.0.1:0\nINFO listening http=127.0.0.1:41233 a=1\n";
        let json = r#"{"level":"INFO","http":"127.0.0.1:41233"}"#;
        let http = |log| logged_address(log, "http");
        for log in [pretty, json] {
            assert_eq!(http(log), "127.0.0.1:41233".parse().ok(), "{log}");
            assert_eq!(logged_address(log, "grpc"), None);
        }
        assert_eq!(http("http=127.0.0.1:0\n"), None);
        assert_eq!(http("endpoint=http://127.0.0.1:41233"), None);
    }

    #[test]
    fn memory_is_read_in_mebibytes() {
        let status = "Name:\tkratos\nVmHWM:\t    3072 kB\nVmRSS:\t    1536 kB\n";
        assert_eq!(mebibytes(status, "VmRSS:"), Some(1.5));
        assert_eq!(mebibytes(status, "VmHWM:"), Some(3.0));
        assert_eq!(mebibytes(status, "VmSwap:"), None);
    }
}
