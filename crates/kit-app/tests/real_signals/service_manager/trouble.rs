//! A service manager that does not read, or is not there.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::UnixDatagram;

use super::{Manager, has, states};
use crate::program::Program;

/// Sends until nothing more is taken. Returns how many messages the manager has to read.
fn fill(manager: &Manager) -> usize {
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    for sent in 0.. {
        match sender.send_to(b"X=1", &manager.address) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!("a socket without an end");
}

#[test]
fn a_full_socket_holds_up_neither_the_start_nor_a_reload_nor_the_stop() {
    let manager = Manager::new();
    let filled = fill(&manager);
    let mut program = manager.start("notified");
    program.wait_for("ready");
    program.signal("HUP");
    program.wait_for("reloaded: 1 failed");
    program.signal("TERM");
    program.wait_for("stopped: 0");
    program.main_gave(0);
    for _ in 0..filled {
        assert_eq!(manager.next(), "X=1");
    }
    manager.socket.set_nonblocking(true).unwrap();
    assert!(
        manager.socket.recv(&mut [0; 16]).is_err(),
        "nothing else fits"
    );
}

#[test]
fn a_socket_that_is_read_late_hears_every_change_of_state() {
    let manager = Manager::new();
    let filled = fill(&manager);
    let mut program = manager.start("notified");
    program.wait_for("ready");
    for _ in 0..3 {
        program.signal("HUP");
        program.wait_for("reloaded: 1 failed");
    }
    for _ in 0..filled {
        assert_eq!(manager.next(), "X=1");
    }
    let mut all = manager.until(|message| has(message, "STATUS=ready; the last reload"));
    // The reloads that were over before anything was read are one.
    assert_eq!(states(&all), ["READY=1", "RELOADING=1", "READY=1"]);
    program.signal("TERM");
    all = manager.to_the_end("STATUS=stopped with exit code 0");
    assert_eq!(states(&all), ["STOPPING=1"]);
    program.main_gave(0);
}

#[test]
fn a_manager_that_is_not_there_has_one_line_and_no_effect() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = directory.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    for (socket, line) in [
        (nowhere, format!("the service manager cannot be reached at {nowhere}: ")),
        (
            "vsock:2:1234",
            "NOTIFY_SOCKET is `vsock:2:1234`: it has to be an absolute path, or `@` and an abstract name; \
             the service manager gets no message"
                .to_owned(),
        ),
    ] {
        let mut program = Program::start_with(&[], "notified", |command| {
            command.env("NOTIFY_SOCKET", socket);
        });
        // Before the app is ready or after that.
        program.wait_for(&format!("remark: {line}"));
        program.signal("HUP");
        program.wait_for("reloaded: 1 failed");
        program.signal("TERM");
        let rest = program.rest();
        assert!(!rest.iter().any(|line| line.contains("remark")), "{rest:?}");
        assert!(rest.iter().any(|line| line.contains("unix_exit_status(0)")), "{rest:?}");
    }
}

#[test]
fn an_address_that_is_no_text_has_a_line() {
    let mut program = Program::start_with(&[], "notified", |command| {
        command.env("NOTIFY_SOCKET", OsStr::from_bytes(b"/run/kit-\xff"));
    });
    program.wait_for("remark: the service manager cannot be reached at /run/kit-\u{fffd}: ");
    program.signal("TERM");
    program.main_gave(0);
}

#[test]
fn without_a_manager_there_is_no_line() {
    let mut program = Program::start_with(&[], "notified", |command| {
        command.env_remove("NOTIFY_SOCKET");
    });
    program.wait_for("ready");
    program.signal("TERM");
    let rest = program.rest();
    assert!(!rest.iter().any(|line| line.contains("remark")), "{rest:?}");
}
