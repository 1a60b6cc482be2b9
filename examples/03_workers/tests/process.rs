//! The service as a process: orders in, a fault, a stop under load.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// The service on free ports.
struct Service {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    seen: Vec<String>,
    http: String,
    admin: String,
}

impl Service {
    fn start() -> Service {
        let mut child = Command::new(env!("CARGO_BIN_EXE_workers"))
            .args(["127.0.0.1:0", "127.0.0.1:0"])
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the service starts");
        let log = BufReader::new(child.stdout.take().expect("its log")).lines();
        let mut service = Service {
            child,
            log,
            seen: Vec::new(),
            http: String::new(),
            admin: String::new(),
        };
        service.wait_for(" ready");
        service.http = service.field("http=");
        service.admin = service.field("admin=");
        service
    }

    /// The first value of this field in the log so far.
    fn field(&self, name: &str) -> String {
        let mut fields = self.seen.iter().flat_map(|line| line.split_whitespace());
        let found = fields.find_map(|field| field.strip_prefix(name));
        let found = found.unwrap_or_else(|| panic!("no {name} in {:#?}", self.seen));
        found.trim_start_matches("http://").to_owned()
    }

    /// Reads the log up to a line with this text.
    fn wait_for(&mut self, text: &str) {
        for line in self.log.by_ref().map_while(Result::ok) {
            let found = line.contains(text);
            self.seen.push(line);
            if found {
                return;
            }
        }
        panic!("no `{text}` in {:#?}", self.seen);
    }

    fn count(&self, text: &str) -> usize {
        let lines = self.seen.iter();
        lines.filter(|line| line.contains(text)).count()
    }

    fn stop(&mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it is alive");
        let rest = self.log.by_ref().map_while(Result::ok);
        self.seen.extend(rest);
        self.child.wait().expect("it ends")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(address: &str, head: &str, body: &str) -> String {
    let mut client = TcpStream::connect(address).expect("it listens");
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    client.write_all(request.as_bytes()).expect("it takes it");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn every_order_is_shipped_although_a_worker_panics_and_the_app_stops() {
    let mut service = Service::start();
    assert_eq!(service.count("the prices are there"), 1);

    for number in 1..=6 {
        let answer = ask(&service.http, "POST /orders", &format!("tea-{number}"));
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    service.wait_for("the tape is used up");
    // The fifth has panicked, and comes again behind the sixth.
    service.wait_for("tea-5");
    let ready = ask(&service.admin, "GET /readyz?verbose", "");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        ready.contains("packer") && ready.contains("the tape is used up"),
        "readiness names the worker that has failed, and why: {ready}"
    );

    for number in 7..=8 {
        ask(&service.http, "POST /orders", &format!("tea-{number}"));
    }
    let status = service.stop();
    assert!(status.success(), "{status}: {:#?}", service.seen);
    for number in 1..=8 {
        let count = service.count(&format!("shipped order=\"tea-{number}\""));
        assert_eq!(count, 1, "tea-{number}: {:#?}", service.seen);
    }
    assert_eq!(service.count("all in all shipped=8"), 1);
    // Lines of the app: those of the service's own code are written by other threads.
    let order = [
        "stopping cause=SIGTERM",
        "component=\"http\"",
        "component=\"packer\"",
        "component=\"shipper\"",
        "closed resource",
        "stopped took",
    ];
    let stop = service
        .seen
        .iter()
        .position(|line| line.contains("stopping"));
    let rest = &service.seen[stop.expect("it stops")..];
    let places = order.map(|text| rest.iter().position(|line| line.contains(text)));
    assert!(
        places.is_sorted() && places.iter().all(Option::is_some),
        "{rest:#?}"
    );
}
