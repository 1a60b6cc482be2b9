//! The admin server of a real process, through a drain and a stop by SIGTERM.

use std::net::SocketAddr;

use tokio::net::TcpStream;

use crate::support::{Http, Process, Service, Signal, soon};

const ADMIN: [&str; 2] = ["--admin", "127.0.0.1:0"];

/// Sends a request over a new connection, and gives status and body.
pub(crate) async fn ask(admin: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut client = Http::connect(admin).await;
    let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    client.send(&head).await;
    let answer = client.response().await;
    (answer.status, answer.body)
}

async fn status(admin: SocketAddr, path: &str) -> u16 {
    ask(admin, "GET", path).await.0
}

pub(crate) async fn admin_of(process: &mut Process) -> SocketAddr {
    process.field("admin").await.parse().expect("an address")
}

#[tokio::test]
async fn readiness_comes_and_goes_with_the_start_a_drain_and_sigterm() {
    let args = [&ADMIN[..], &["--drain-delay", "300ms"]].concat();
    let mut service = Service::start(&args).await;
    let admin = admin_of(&mut service.process).await;
    // The line that it is ready comes just before.
    soon("ready", async || {
        (status(admin, "/readyz").await == 200).then_some(())
    })
    .await;
    for path in ["/livez", "/startupz", "/info", "/tasks", "/lifecycle"] {
        assert_eq!(status(admin, path).await, 200, "{path}");
    }

    assert_eq!(ask(admin, "POST", "/drain").await.0, 200);
    assert_eq!(status(admin, "/readyz").await, 503);
    service.process.line("deregistered").await;
    service.see_everything().await;
    assert_eq!(ask(admin, "POST", "/undrain").await.0, 200);
    assert_eq!(status(admin, "/readyz").await, 200);

    let mut http = service.connect().await;
    http.begin("/helloworld/slow?delay=1s").await;
    service.signal(Signal::TERM);
    soon("not ready", async || {
        (status(admin, "/readyz").await == 503).then_some(())
    })
    .await;
    service.process.line("drain delay").await;
    // Everything is still served, and nothing is taken back.
    service.see_everything().await;
    let (conflict, why) = ask(admin, "POST", "/undrain").await;
    assert_eq!(
        (conflict, &why[..]),
        (409, "the app stops, and a stop cannot be taken back\n")
    );
    assert_eq!(
        (
            status(admin, "/livez").await,
            status(admin, "/startupz").await
        ),
        (200, 200)
    );
    assert_eq!(http.response().await.body, r#"{"message":"Hello slow"}"#);
    let exit = service.exit().await.expect(0);
    exit.only("admin=");
    let refused = TcpStream::connect(admin).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn a_stop_by_request_is_for_development() {
    let mut service = Service::start(&ADMIN).await;
    let admin = admin_of(&mut service.process).await;
    assert_eq!(ask(admin, "POST", "/stop").await.0, 202);
    let exit = service.exit().await.expect(0);
    exit.only("POST /stop from 127.0.0.1:");

    let kubernetes = [
        ("KUBERNETES_SERVICE_HOST", "10.0.0.1"),
        ("KIT_ADMIN", "127.0.0.1:0"),
    ];
    let args = ["--drain-delay", "0s"];
    let mut service = Service::start_with(&args, &kubernetes).await;
    let admin = admin_of(&mut service.process).await;
    let (forbidden, why) = ask(admin, "POST", "/stop").await;
    assert_eq!(forbidden, 403);
    assert!(why.contains("no token is set"), "{why}");
    assert_eq!(status(admin, "/readyz").await, 200);
    service.terminate().await.expect(0);
}

#[tokio::test]
async fn it_answers_before_the_start_is_complete_and_holds_no_exit_up() {
    // A registry that is not there: the start waits for it.
    let dead = format!("etcd://{}", crate::support::dead_address());
    let args = [
        &crate::support::FREE_PORTS[..],
        &ADMIN,
        &["--registry", &dead],
    ]
    .concat();
    let mut process = Process::spawn(&args);
    let admin = admin_of(&mut process).await;
    assert_eq!(status(admin, "/livez").await, 200);
    let (not_started, why) = ask(admin, "GET", "/startupz").await;
    assert_eq!(not_started, 503);
    assert!(
        why.starts_with("not started\n[-] started: not ready yet: "),
        "{why}"
    );
    let mut held = Vec::new();
    for _ in 0..10 {
        held.push(TcpStream::connect(admin).await.expect("it accepts"));
    }
    let stopped = process.signal(Signal::TERM);
    let exit = process.exit().await.expect(0);
    exit.before_its_deadline(stopped);
}
