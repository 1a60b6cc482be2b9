//! The messages to a service manager, over a socket that speaks its protocol.

mod conversation;
mod named_sockets;
mod termination;
mod trouble;
mod watchdog;

use std::io::Read;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use kit_app::{App, AppBuilder, Event};
use tempfile::TempDir;

use crate::program::{Program, say};

/// By then, what is waited for has come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the program waits for the test.
const GO: &str = "KIT_TEST_GO";

/// The roles of the program.
pub(crate) fn role(name: &str) {
    match name {
        "notified" => conversation::notified(),
        "notified_without_hooks" => conversation::notified_without_hooks(),
        "notified_waits" => conversation::notified_waits(),
        "notified_stops_late" => conversation::notified_stops_late(),
        "notified_limited" => conversation::notified_limited(),
        "notified_drains" => conversation::notified_drains(),
        "notified_fails" => conversation::notified_fails(),
        "notified_refused" => conversation::notified_refused(),
        "notified_blocks" => watchdog::notified_blocks(),
        "failing_with_message" => termination::failing_with_message(),
        "overdue_with_message" => termination::overdue_with_message(),
        "unbuilt" => termination::unbuilt(),
        "named" => named_sockets::named(),
        "named_wrongly" => named_sockets::named_wrongly(),
        _ => {}
    }
}

/// The receiving end.
struct Manager {
    socket: UnixDatagram,
    address: String,
    /// Where the program waits until it may go on.
    go: UnixListener,
    directory: TempDir,
}

impl Manager {
    fn new() -> Manager {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Manager::with(socket, path.to_str().unwrap().to_owned(), directory)
    }

    fn with(socket: UnixDatagram, address: String, directory: TempDir) -> Manager {
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Manager {
            socket,
            address,
            go: UnixListener::bind(directory.path().join("go")).unwrap(),
            directory,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn start(&self, role: &str) -> Program {
        self.start_with(&[], role, &[])
    }

    fn start_with(&self, by: &[&str], role: &str, variables: &[(&str, &str)]) -> Program {
        Program::start_with(by, role, |command| {
            command
                .env("NOTIFY_SOCKET", &self.address)
                .env(GO, self.path("go"))
                .envs(variables.iter().copied());
        })
    }

    /// The next message.
    #[track_caller]
    fn next(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.socket.recv(&mut buffer).expect("a message");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// The messages up to the first one for which `is_last` is true, that one included.
    #[track_caller]
    fn until(&self, is_last: impl Fn(&str) -> bool) -> Vec<String> {
        let mut all = Vec::new();
        loop {
            let message = self.next();
            all.push(message);
            if all.last().is_some_and(|last| is_last(last)) {
                return all;
            }
        }
    }

    /// Those of a program whose end says `status`.
    #[track_caller]
    fn to_the_end(&self, status: &str) -> Vec<String> {
        self.until(|message| has(message, status))
    }
}

/// Whether one of the lines of the message begins with the text.
fn has(message: &str, line: &str) -> bool {
    message.lines().any(|one| one.starts_with(line))
}

/// The messages that change a state, without their status.
fn states(messages: &[String]) -> Vec<&str> {
    let first = messages.iter().filter_map(|message| message.lines().next());
    let is_state = |line: &&str| ["READY=1", "RELOADING=1", "STOPPING=1"].contains(line);
    first.filter(is_state).collect()
}

/// Waits in the program until the test has accepted and dropped the connection.
fn wait_for_go() -> std::io::Result<()> {
    let mut stream = UnixStream::connect(std::env::var(GO).unwrap_or_default())?;
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// An app that says also what is wrong with its surroundings.
fn app() -> AppBuilder {
    let remarks = |app: AppBuilder| {
        app.observer(|event| {
            if let Event::Remark { what } = &event.event {
                println!("remark: {what}");
            }
        })
    };
    App::builder("app").apply(say).apply(remarks)
}
