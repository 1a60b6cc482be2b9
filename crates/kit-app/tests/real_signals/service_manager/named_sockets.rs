//! Sockets that a service manager passes on, by their names.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use axum::Router;
use kit_transport::http;

use super::app;
use crate::program::Program;

/// Starts it with two listeners, `admin` and `http`, and gives the address of the second.
fn start(role: &str, names: &str) -> (Program, std::net::SocketAddr) {
    let [admin, public] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let address = public.local_addr().unwrap();
    // As systemd has it: from descriptor 3 on, for the process that the shell becomes.
    let shell = r#"exec 3<&0 4>&2 </dev/null 2>/dev/null; LISTEN_PID=$$ exec "$0" "$@""#;
    let program = Program::start_with(&["sh", "-c", shell], role, |command| {
        command
            .env("LISTEN_FDS", "2")
            .env("LISTEN_FDNAMES", names)
            .stdin(Stdio::from(OwnedFd::from(admin)))
            .stderr(Stdio::from(OwnedFd::from(public)));
    });
    (program, address)
}

#[test]
fn a_server_finds_its_listener_by_name() {
    let (mut program, address) = start("named", "admin:http");
    program.wait_for("ready");
    TcpStream::connect(address).unwrap();
    program.signal("TERM");
    program.main_gave(0);
}

#[test]
fn a_name_that_was_not_passed_on_lists_those_that_were() {
    let (mut program, _) = start("named_wrongly", "admin:http");
    program.wait_for(
        "failed: grpc could not start: could not listen on inherited listener `grpc`: the process was given \
         0 (`admin`), 1 (`http`)",
    );
    program.main_gave(1);
}

#[test]
fn names_that_are_not_as_many_as_the_listeners_belong_to_none() {
    let (mut program, _) = start("named", "http");
    program.wait_for(
        "remark: LISTEN_FDNAMES has 1 name, and LISTEN_FDS passes 2 listeners: they have numbers alone",
    );
    program.main_gave(1);
}

pub(super) fn named() {
    let server = http::Server::new("inherited:http", Router::new());
    let admin = http::Server::new("inherited:0", Router::new()).name("admin");
    let app = app().server(server).server(admin.private());
    println!("ended: {:?}", app.build().main());
}

pub(super) fn named_wrongly() {
    let server = http::Server::new("inherited:grpc", Router::new()).name("grpc");
    let app = app().server(server).observer(|event| {
        if let kit_app::Event::Failed { error } = &event.event {
            println!("failed: {error}");
        }
    });
    println!("ended: {:?}", app.build().main());
}
