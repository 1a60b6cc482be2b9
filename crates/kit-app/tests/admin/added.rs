//! Routes that an option adds.

use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;

use http::StatusCode;
use kit_app::{Admin, AdminAnswer, AdminRoute, AppBuilder, Environment};
use kit_sync::Ending;

use crate::client::{Answer, ask, exchange, get, head, post};
use crate::fixture::{Running, app, two_threads};

fn put(admin: SocketAddr, path: &str, headers: &str, body: &str) -> Answer {
    let headers = format!("{headers}content-length: {}\r\n", body.len());
    let request = head("PUT", path, &headers) + body;
    exchange(TcpStream::connect(admin).unwrap(), &request).expect("an answer")
}

/// A page and a change at one path, as an option gives them.
fn level(app: AppBuilder) -> AppBuilder {
    let read = AdminRoute::get("/level", "the level", |request| {
        if request.wants_json() {
            return AdminAnswer::json(r#"{"level":"info"}"#);
        }
        AdminAnswer::new("text/x-level", format!("{:?}", request.parameter("of")))
    });
    let change = AdminRoute::put("/level", "another level", |request| {
        let level = String::from_utf8_lossy(request.body());
        if level.is_empty() {
            let wrong = AdminAnswer::text("a level is wanted, such as `debug`\n");
            return wrong.status(StatusCode::BAD_REQUEST);
        }
        AdminAnswer::text(format!("{level} for {}\n", request.app().info().name()))
    });
    app.admin_route(read).admin_route(change)
}

#[test]
fn a_page_and_a_change_are_answered_and_listed() {
    let running = Running::ready(app().apply(level));
    let admin = running.admin;
    let page = get(admin, "/level?a&of=b");
    assert_eq!((page.status, &page.body[..]), (200, "Some(\"b\")"));
    assert!(
        page.head.contains("content-type: text/x-level\r\n"),
        "{page:?}"
    );
    assert_eq!(get(admin, "/level?format=json").json()["level"], "info");
    assert_eq!(ask(admin, "HEAD", "/level", "").body, "");
    let changed = put(admin, "/level", "", "debug");
    assert_eq!(
        (changed.status, &changed.body[..]),
        (200, "debug for orders\n")
    );
    assert_eq!(put(admin, "/level", "", "").status, 400);
    let too_long = put(admin, "/level", "", &"a".repeat(16 * 1024 + 1));
    assert_eq!(
        (too_long.status, &too_long.body[..]),
        (413, "the body may have at most 16384 bytes\n")
    );
    let wrong = post(admin, "/level");
    assert_eq!(wrong.status, 405);
    assert!(
        wrong.head.contains("allow: get, head, put\r\n"),
        "{wrong:?}"
    );
    let list = get(admin, "/").body;
    let lines =
        "POST /stop       stop\nGET  /level      the level\nPUT  /level      another level\n";
    assert!(list.contains(lines), "{list}");
    let listed = get(admin, "/?format=json").json();
    assert!(
        listed["routes"].to_string().contains("PUT  /level"),
        "{listed}"
    );
    running.stop();
}

#[test]
fn a_change_needs_what_a_command_needs_and_a_page_nothing() {
    let admin = Admin::new("127.0.0.1:0").token("s3cret");
    let running = Running::with(two_threads(), app().apply(level), admin);
    assert_eq!(get(running.admin, "/level").status, 200);
    assert_eq!(put(running.admin, "/level", "", "debug").status, 401);
    let token = "authorization: Bearer s3cret\r\n";
    assert_eq!(put(running.admin, "/level", token, "debug").status, 200);
    let page = "origin: http://localhost\r\nauthorization: Bearer s3cret\r\n";
    assert_eq!(put(running.admin, "/level", page, "debug").status, 403);
    running.stop();
    let production = app().environment(Environment::from_lookup(|name| {
        (name == "KUBERNETES_SERVICE_HOST").then(|| "10.0.0.1".to_owned())
    }));
    let running = Running::ready(production.apply(level));
    assert_eq!(put(running.admin, "/level", "", "debug").status, 403);
    running.stop();
}

#[test]
fn a_route_that_panics_or_leaves_a_task_holds_up_nothing() {
    let (began, begun) = mpsc::channel();
    let panics = AdminRoute::get("/panics", "a panic", |_| panic!("on purpose"));
    let leaves = AdminRoute::post("/leaves", "a task that stays", move |request| {
        let began = began.clone();
        let task = async move {
            began.send(()).unwrap();
            std::future::pending::<()>().await;
        };
        let scope = request.scope();
        scope.spawn_as("stays", Ending::MayBeDropped, task);
        AdminAnswer::text("left\n")
    });
    let running = Running::ready(app().admin_route(panics).admin_route(leaves));
    assert_eq!(get(running.admin, "/panics").status, 500);
    assert_eq!(post(running.admin, "/leaves").body, "left\n");
    begun.recv().expect("it runs");
    let tasks = get(running.admin, "/tasks").body;
    assert!(
        tasks.contains("admin routes") && tasks.contains("stays"),
        "{tasks}"
    );
    let report = running.stop();
    assert_eq!((report.exit_code, &report.failures[..]), (0, &[][..]));
}

#[tokio::test]
async fn routes_that_are_of_no_use_are_refused_all_at_once() {
    let page = |path: &'static str| AdminRoute::get(path, "", |_| AdminAnswer::text(""));
    let mut app = app();
    for path in ["log", "/a b", "/a?b", "/readyz", "/", "/twice", "/twice"] {
        app = app.admin_route(page(path));
    }
    let error = app.build().run().await.unwrap_err();
    let expected = [
        "option `admin_route` is GET log: it has to be a path such as `/orders`",
        "option `admin_route` is GET /a b: it has to be a path such as `/orders`",
        "option `admin_route` is GET /a?b: it has to be a path such as `/orders`",
        "option `admin_route` is GET /readyz: it has to be at a path that the admin server has not by \
         itself",
        "option `admin_route` is GET /: it has to be at a path that the admin server has not by itself",
        "option `admin_route` is GET /twice: it has to be added once",
    ];
    assert_eq!(error.report().failures, expected);
}
