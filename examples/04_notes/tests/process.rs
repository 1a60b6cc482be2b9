//! The service as a process: what its clients and its file see, from the first start to the last stop.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The service on a free port.
struct Notes {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
    address: String,
}

impl Notes {
    fn start(file: &Path) -> Notes {
        let mut child = Command::new(env!("CARGO_BIN_EXE_notes"))
            .arg(file)
            .arg("127.0.0.1:0")
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let log = BufReader::new(child.stdout.take().expect("its log")).lines();
        let mut notes = Notes {
            child,
            log,
            seen: Vec::new(),
            address: String::new(),
        };
        let line = notes.wait_for("http=");
        let (_, address) = line.split_once("http=").expect("an address");
        notes.address = address.split_whitespace().next().unwrap_or("").to_owned();
        notes.wait_for("ready");
        notes
    }

    /// Reads the log up to a line with this text.
    fn wait_for(&mut self, text: &str) -> String {
        for line in self.log.by_ref().map_while(Result::ok) {
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
        panic!("no `{text}` in {:#?}", self.seen);
    }

    /// The numbers of the first lines with these texts.
    fn lines(&self, texts: &[&str]) -> Vec<usize> {
        let line = |text: &&str| {
            let found = self.seen.iter().position(|line| line.contains(text));
            found.unwrap_or_else(|| panic!("no `{text}` in {:#?}", self.seen))
        };
        texts.iter().map(line).collect()
    }

    fn ask(&self, method: &str, body: &str) -> String {
        let mut client = TcpStream::connect(&self.address).expect("it listens");
        let (host, length) = (&self.address, body.len());
        let head = format!("{method} /notes HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        client.write_all(request.as_bytes()).expect("it takes it");
        let mut answer = String::new();
        client.read_to_string(&mut answer).expect("it answers");
        answer
    }

    fn signal(&mut self, signal: Signal) -> ExitStatus {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it is alive");
        let rest = self.log.by_ref().map_while(Result::ok);
        self.seen.extend(rest);
        self.child.wait().expect("it ends")
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_pool_is_opened_before_the_server_and_closed_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.db");
    let journal = folder.path().join("notes.db-wal");

    let mut notes = Notes::start(&file);
    let written = notes.ask("POST", "buy milk");
    assert!(
        written.starts_with("HTTP/1.1 200 OK") && written.ends_with("\r\n\r\n1"),
        "{written}"
    );
    let refused = notes.ask("POST", "");
    assert!(
        refused.starts_with("HTTP/1.1 400") && refused.contains("NOTE_EMPTY"),
        "{refused}"
    );
    assert!(journal.exists(), "SQLite writes into its journal first");
    assert!(notes.signal(Signal::TERM).success());
    let order = [
        "CREATE TABLE",
        "ALTER TABLE",
        "open resource",
        "listening",
        "ready",
    ];
    let stop = [
        "stopping",
        "stopped component",
        "closed resource",
        "stopped took",
    ];
    assert!(
        notes.lines(&[&order[..], &stop[..]].concat()).is_sorted(),
        "{:#?}",
        notes.seen
    );
    // The last connection was closed: the journal is back in the file.
    assert!(!journal.exists());

    let mut notes = Notes::start(&file);
    let listed = notes.ask("GET", "");
    assert!(listed.ends_with("\r\n\r\n[\"buy milk\"]"), "{listed}");
    assert!(!notes.seen.iter().any(|line| line.contains("migrated")));
    // Killed, nothing is closed; the next start finds what was written all the same.
    notes.ask("POST", "call Ann");
    assert!(!notes.signal(Signal::KILL).success());
    assert!(journal.exists());

    let mut notes = Notes::start(&file);
    let listed = notes.ask("GET", "");
    assert!(listed.ends_with("[\"buy milk\",\"call Ann\"]"), "{listed}");
    assert!(notes.signal(Signal::INT).success());
}

#[test]
fn a_file_that_is_no_database_fails_the_start_before_anything_listens() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.db");
    std::fs::write(&file, "this is a text, and a rather long one: ".repeat(100)).expect("a file");
    let ended = Command::new(env!("CARGO_BIN_EXE_notes"))
        .arg(&file)
        .arg("127.0.0.1:0")
        .output()
        .expect("it runs");
    let log = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(1), "{log}");
    let why = "resource db could not be opened: error returned from database: (code: 26) file is not \
               a database";
    assert!(log.contains(why) && !log.contains("listening"), "{log}");
}
