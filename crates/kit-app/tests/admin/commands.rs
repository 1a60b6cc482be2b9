//! Commands: drain, undrain and stop, and which requests may send them.

use std::time::Instant;

use axum::Router;
use axum::routing::get as route;
use kit_app::{Admin, Environment};
use kit_transport::{Listen, http};

use crate::client::{PATIENCE, ask, get, post};
use crate::fixture::{Running, app, two_threads};

fn server() -> http::Server {
    let routes = Router::new().route("/", route(|| async { "hello" }));
    http::Server::new("127.0.0.1:0", routes)
}

/// Waits until `is_so`.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "no runtime is here")]
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not yet: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_drain_and_back_and_a_stop_by_requests() {
    let running = Running::ready(app().server(server()).registry("memory:"));
    let admin = running.admin;
    let state = || running.handle.registrations()[0].state.to_string();
    let served = || get(running.server(), "/").body == "hello";

    let answer = post(admin, "/drain");
    assert_eq!(
        (answer.status, &answer.body[..]),
        (200, "the drain begins\n")
    );
    let readyz = get(admin, "/readyz");
    assert_eq!(readyz.status, 503);
    assert!(
        readyz
            .body
            .starts_with("not ready\n[-] drain: POST /drain from 127.0.0.1:"),
        "{readyz:?}"
    );
    until("deregistered", || state() == "deregistered");
    assert!(served() && get(admin, "/livez").status == 200);
    assert_eq!(get(admin, "/lifecycle?format=json").json()["drained"], true);
    assert_eq!(post(admin, "/drain?format=json").json()["changed"], false);

    assert_eq!(post(admin, "/undrain").body, "the drain is taken back\n");
    assert_eq!(get(admin, "/readyz").status, 200);
    until("registered", || state() == "registered");
    assert_eq!(post(admin, "/undrain").body, "there was no drain\n");
    assert!(served());

    // GET changes nothing.
    for path in ["/drain", "/undrain", "/stop"] {
        let answer = get(admin, path);
        assert_eq!(answer.status, 405);
        assert!(answer.head.contains("allow: post"), "{answer:?}");
    }
    assert_eq!(post(admin, "/stop").status, 202);
    let report = running.end();
    let cause = report.cause.unwrap().to_string();
    assert!(cause.contains("POST /stop from 127.0.0.1:"), "{cause}");
}

#[test]
fn nothing_is_taken_back_during_a_stop() {
    let (seen, answers) = std::sync::mpsc::channel();
    let (asked, ask_now) = std::sync::mpsc::channel();
    let running = Running::ready(app().before_stop("wait", move |_| async move {
        // The runtime has a second thread.
        asked.send(()).unwrap();
        tokio::task::block_in_place(|| answers.recv().unwrap());
        Ok(())
    }));
    running.handle.drain("maintenance");
    running.handle.stop("enough");
    ask_now.recv().unwrap();
    let answer = post(running.admin, "/undrain");
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("cannot be taken back"), "{answer:?}");
    assert_eq!(post(running.admin, "/drain").status, 200);
    assert_eq!(post(running.admin, "/stop").body, "stopping already\n");
    assert!(running.handle.is_drained());
    seen.send(()).unwrap();
    running.end();
}

#[test]
fn only_some_requests_may_change_anything() {
    let running = Running::ready(app());
    for headers in [
        "host: evil.example\r\n",
        "origin: http://localhost\r\n",
        "host: 10.0.0.7:9090\r\n",
    ] {
        let answer = ask(running.admin, "POST", "/stop", headers);
        assert_eq!(answer.status, 403, "{headers}");
        // Probes come with the address of the pod.
        assert_eq!(ask(running.admin, "GET", "/readyz", headers).status, 200);
    }
    running.stop();

    for environment in [
        Environment::default(),
        Environment::from_lookup(|_| Some("10.0.0.1".to_owned())),
    ] {
        let running = Running::ready(app().environment(environment));
        let answer = post(running.admin, "/stop");
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("`Admin::token`"), "{answer:?}");
        running.stop();
    }

    let admin = Admin::new("127.0.0.1:0").token("s3cret");
    let running = Running::with(two_threads(), app(), admin);
    for headers in ["", "authorization: Bearer other\r\n"] {
        let answer = ask(running.admin, "POST", "/stop", headers);
        assert_eq!(answer.status, 401, "{headers}");
        assert!(
            answer.head.contains("www-authenticate: bearer"),
            "{answer:?}"
        );
    }
    assert!(
        running
            .handle
            .readiness()
            .facts
            .iter()
            .any(|fact| fact.detail == "none")
    );
    let headers = "host: orders.internal\r\nauthorization: Bearer s3cret\r\n";
    assert_eq!(ask(running.admin, "POST", "/stop", headers).status, 202);
    running.end();
}

#[cfg(unix)]
#[test]
fn a_unix_socket_needs_no_token_wherever_the_app_runs() {
    use std::os::unix::net::UnixStream;

    use crate::client::{exchange, head};

    let folder = std::env::temp_dir().join(format!("kit-admin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("admin.sock");
    let app = app().environment(Environment::from_lookup(|_| Some("10.0.0.1".to_owned())));
    let running = Running::with(two_threads(), app, Admin::new(Listen::unix(&path)));
    let ask = |method, path_of| {
        let stream = UnixStream::connect(&path).unwrap();
        exchange(stream, &head(method, path_of, "")).unwrap()
    };
    running.until_ready();
    assert_eq!(ask("GET", "/readyz").status, 200);
    let answer = ask("POST", "/stop");
    assert_eq!(answer.status, 202, "{answer:?}");
    running.end();
    assert!(!path.exists());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn options_that_are_of_no_use_are_refused_before_anything_begins() {
    let run = |admin: Admin| {
        let error = two_threads().block_on(app().admin(admin).build().run());
        error.unwrap_err().to_string()
    };
    let line = run(Admin::new("127.0.0.1:0").token(""));
    assert_eq!(
        line,
        "option `Admin::token` is empty: it has to be one or more visible ASCII characters without \
         spaces"
    );
    for token in ["with a space", "käse", "line\nline"] {
        let line = run(Admin::new("127.0.0.1:0").token(token));
        assert_eq!(
            line,
            "option `Admin::token` is a text that no header can carry: it has to be one or more \
             visible ASCII characters without spaces"
        );
    }
    let line = run(Admin::new("http://0.0.0.0:9090"));
    assert!(
        line.starts_with("admin cannot be started: ") && line.ends_with("write `0.0.0.0:9090`"),
        "{line}"
    );

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let line = run(Admin::new(address));
    assert!(
        line.starts_with(&format!(
            "admin could not start: could not listen on {address}: address in use"
        )),
        "{line}"
    );
}
