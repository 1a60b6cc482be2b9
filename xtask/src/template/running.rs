//! A service as a process: it becomes ready, answers, and ends with 0 at a SIGTERM.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::service::Service;
use crate::Result;
use crate::server::Program;

/// From the first address in the log to the answer that it is ready.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts it on free ports, with its own file of settings and with what it writes below `folder`.
pub(super) fn try_it(service: &Service, binary: PathBuf, folder: &Path) -> Result {
    let mut settings = vec!["app.admin=127.0.0.1:0".to_owned()];
    if !service.has("grpc") {
        settings.push("http.listen=127.0.0.1:0".to_owned());
    }
    if !service.has("http") {
        settings.push("grpc.listen=127.0.0.1:0".to_owned());
    }
    let folder = folder.canonicalize()?;
    if service.has("local") {
        let registry = folder.join("registry");
        settings.push(format!(
            "app.registration.registries=local:{}",
            registry.display()
        ));
    }
    if service.has("database") {
        let file = folder.join("run.db");
        settings.push(format!("database.file={}", file.display()));
    }
    let mut arguments = vec![OsString::from("--config"), service.config().into()];
    for setting in settings {
        arguments.extend(["--set".into(), setting.into()]);
    }
    let program = Program {
        name: "service",
        binary,
        arguments,
        stops_cleanly: true,
    };
    let mut server = program.start(&[], &folder, "admin")?;
    wait_until_ready(server.address)?;
    if !service.has("grpc") {
        let http = server.address("http")?;
        let json = r#"{"name":"Ada"}"#;
        let answer = ask(http, "POST /greetings", json)?;
        let is_right = answer.starts_with("HTTP/1.1 201") && answer.contains("Hello Ada");
        if !is_right {
            return Err(format!("{service} answered:\n{answer}").into());
        }
    }
    server.stop()
}

fn wait_until_ready(admin: SocketAddr) -> Result {
    let end = Instant::now() + PATIENCE;
    loop {
        let answer = ask(admin, "GET /readyz", "")?;
        if answer.starts_with("HTTP/1.1 200") {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("it is not ready after {PATIENCE:?}:\n{answer}").into());
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn ask(address: SocketAddr, what: &str, json: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let length = json.len();
    let head = format!("{what} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    let body = format!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n{json}");
    stream.write_all((head + &body).as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
