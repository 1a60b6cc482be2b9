//! The pages, in both forms.

use std::sync::mpsc;

use kit_app::{CheckOptions, Event, Policy, Stage, WorkerOptions};
use serde_json::json;

use crate::client::{ask, get, post};
use crate::fixture::{Running, app};

#[test]
fn pages_come_as_text_and_as_json() {
    let app = app()
        .version("1.2.0")
        .id("7f3a")
        .metadata("zone", "sh001")
        .registry("memory:")
        .check("database", |_| async { Ok(()) })
        .check_with("extra", CheckOptions::new().informational(), |_| async {
            Err("no answer".into())
        });
    let running = Running::ready(app);
    let admin = running.admin;

    for path in ["/livez", "/readyz", "/startupz"] {
        let answer = get(admin, path);
        assert_eq!((answer.status, &answer.body[..]), (200, "ok\n"), "{path}");
        assert!(
            answer.head.contains("cache-control: no-store"),
            "{answer:?}"
        );
        let answer = ask(admin, "HEAD", path, "");
        assert_eq!((answer.status, &answer.body[..]), (200, ""), "{path}");
        assert_eq!(post(admin, path).status, 405);
    }
    let verbose = get(admin, "/readyz?verbose").body;
    for line in [
        "[+] started: ready ",
        "[+] stop: none\n",
        "[+] drain: none\n",
        "[+] runtime: it makes progress\n",
        "[+] check database: passing, ",
        "[ ] check extra: failing, ",
        "[+] registration memory: registered\n",
    ] {
        assert!(verbose.contains(line), "no {line:?} in {verbose}");
    }
    assert!(verbose.ends_with("\nready\n"), "{verbose}");
    let json = ask(
        admin,
        "GET",
        "/readyz?verbose",
        "accept: application/json\r\n",
    )
    .json();
    assert_eq!(json["ready"], true);
    let names = json["facts"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|fact| fact["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"check extra"), "{names:?}");

    let info = get(admin, "/info").body;
    assert!(
        info.contains("name: orders\nversion: 1.2.0\nid: 7f3a\n"),
        "{info}"
    );
    let info = get(admin, "/info?format=json").json();
    assert_eq!(
        (&info["id"], &info["metadata"]["zone"]),
        (&"7f3a".into(), &"sh001".into())
    );

    let tasks = get(admin, "/tasks").body;
    assert!(
        tasks.starts_with("orders\n") && tasks.contains("database"),
        "{tasks}"
    );
    // Owners of nothing are noise, and the words have an explanation.
    assert!(!tasks.contains("registries"), "{tasks}");
    assert!(
        tasks.contains("\n  IN A POLL  it runs on a thread now"),
        "{tasks}"
    );
    assert_eq!(get(admin, "/tasks?format=json").json()["name"], "orders");

    let life = get(admin, "/lifecycle").body;
    assert!(life.starts_with("stage: running\n"), "{life}");
    assert!(life.contains("Z  entered running\n"), "{life}");
    let life = get(admin, "/lifecycle?format=json").json();
    assert_eq!(
        (&life["stage"], &life["drained"]),
        (&"running".into(), &false.into())
    );
    assert_eq!(life["checks"][1]["reason"], "no answer");
    let events = life["events"].as_array().unwrap();
    assert_eq!(
        (&events[0]["number"], &events[0]["event"]),
        (&1.into(), &"entered starting".into())
    );
    let year = events[0]["at"].as_str().unwrap().get(..2);
    assert_eq!(year, Some("20"));

    for (path, status) in [("/metrics", 404), ("/readyz?format=xml", 400), ("/", 200)] {
        assert_eq!(get(admin, path).status, status, "{path}");
    }
    assert_eq!(running.handle.stage(), Stage::Running);
    running.stop();
}

#[test]
fn the_lifecycle_lists_workers() {
    let (fails, failed) = mpsc::channel();
    let ignored = WorkerOptions::new().policy(Policy::Ignore);
    let app = app()
        .worker("outbox", |ctx| async move {
            ctx.scope().cancelled().await;
            Ok(())
        })
        .worker_with("mail", ignored, |_| async { Err("no route".into()) })
        .observer(move |event| {
            if matches!(event.event, Event::WorkerFailed { .. }) {
                let _ = fails.send(());
            }
        });
    let running = Running::ready(app);
    failed.recv().unwrap();
    let life = get(running.admin, "/lifecycle?format=json").json();
    let components = life["components"].as_array().unwrap().iter();
    let workers = components.flat_map(|of| of["workers"].as_array().unwrap());
    let mut workers: Vec<_> = workers.cloned().collect();
    workers.sort_by_key(|of| of["path"].to_string());
    let expected = [
        json!({
            "path": "orders/mail",
            "state": "failed",
            "restarts": 0,
            "failures": 1,
            "last_failure": "no route",
        }),
        json!({
            "path": "orders/outbox",
            "state": "running",
            "restarts": 0,
            "failures": 0,
            "last_failure": null,
        }),
    ];
    assert_eq!(workers, expected);
    running.stop();
}

#[test]
fn events_are_bounded() {
    let running = Running::ready(app());
    let last = || running.handle.events().last().unwrap().event.to_string();
    while running.handle.events()[0].number < 10 {
        running.handle.drain("again");
        while !last().starts_with("drained") {}
        running.handle.undrain().unwrap();
        while last() != "the drain is taken back" {}
    }
    assert_eq!(running.handle.events().len(), 256);
    let events = get(running.admin, "/lifecycle?format=json").json();
    assert_eq!(events["events"].as_array().unwrap().len(), 256);
    running.stop();
}
