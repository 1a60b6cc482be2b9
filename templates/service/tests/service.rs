{%- comment -%}
With a database, a service comes with the folder that it is in.
{%- endcomment -%}
{%- if database -%}
{%- assign app = "(app, _folder)" -%}
{%- else -%}
{%- assign app = "app" -%}
{%- endif -%}
//! The whole service, as `main` runs it, on free ports of this machine.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use kit::testing::TestApp;
use kit::{AppBuilder, Event};
use kit_config::Settings;
{%- if database %}
use tempfile::TempDir;
{%- endif %}
use tokio::time::timeout;

use {{ crate_name }}::config::{self, Config};
use {{ crate_name }}::server;
{%- if grpc %}
use {{ crate_name }}::service::grpc::proto;
{%- endif %}

/// What never comes fails the test.
const PATIENCE: Duration = Duration::from_secs(30);

/// The service with the file that is checked in.
{%- if database %}
fn service() -> (AppBuilder, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = config();
    config.database.file = folder.path().join("test.db");
    (server::app(&config), folder)
}
{%- else %}
fn service() -> AppBuilder {
    server::app(&config())
}
{%- endif %}

fn config() -> Config {
    let loaded = Settings::<Config>::new().file(config::FILE).load();
    let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
    let mut config = Config::clone(loaded.settings());
    config.outbox.period = Duration::from_millis(1);
    config
}
{%- if http %}

#[tokio::test]
async fn a_greeting_is_made_found_and_sent() {
    let {{ app }} = service();
    let app = TestApp::start(app).await;
    let http = app.http();
    let made = http.post_json("/greetings", r#"{"name":"Ada"}"#).await;
    assert_eq!(made.status(), 201);
    let body = br#"{"id":1,"text":"Hello Ada","sent":false}"#;
    assert_eq!(made.body()[..], body[..]);
    let sent = async {
        loop {
            let found = http.get("/greetings/1").await;
            assert_eq!(found.status(), 200);
            if found.body().ends_with(br#""sent":true}"#) {
                break;
            }
        }
    };
    timeout(PATIENCE, sent).await.expect("the outbox");
    app.stop().await;
}

#[tokio::test]
async fn a_client_learns_what_is_wrong() {
    let {{ app }} = service();
    let app = TestApp::start(app).await;
    let http = app.http();
    let unknown = http.get("/greetings/7").await;
    assert_eq!(unknown.status(), 404);
    let reason = br#"{"code":404,"reason":"GREETING_UNKNOWN","message":"there is no greeting 7","#;
    assert!(unknown.body().starts_with(reason), "{unknown:?}");
    let empty = http.post_json("/greetings", r#"{"name":""}"#).await;
    assert_eq!(empty.status(), 400);
    app.stop().await;
}
{%- endif %}
{%- if grpc %}

#[tokio::test]
async fn a_call_makes_a_greeting_and_others_find_it() {
    let {{ app }} = service();
    let app = TestApp::start(app).await;
    let mut client = proto::greeter_client::GreeterClient::new(app.grpc());
    let name = "Ada".to_owned();
    let made = client.greet(proto::GreetRequest { name }).await;
    assert_eq!(made.expect("an answer").get_ref().text, "Hello Ada");
    let sent = async {
        loop {
            let request = proto::FindGreetingRequest { id: 1 };
            let found = client.find_greeting(request).await.expect("an answer");
            if found.get_ref().sent {
                break;
            }
        }
    };
    timeout(PATIENCE, sent).await.expect("the outbox");
    let unknown = proto::FindGreetingRequest { id: 7 };
    let refused = client.find_greeting(unknown).await.expect_err("no answer");
    assert_eq!(refused.message(), "there is no greeting 7");
    app.stop().await;
}
{%- endif %}

#[tokio::test]
async fn the_admin_server_shows_that_it_is_ready() {
    let {{ app }} = service();
    let app = TestApp::start(app).await;
    assert_eq!(app.admin().get("/readyz").await.status(), 200);
    app.stop().await;
}

#[tokio::test]
async fn each_platform_gives_the_longest_stop_its_time() {
    // The figure that the app logs when it starts.
    let (figure, planned) = mpsc::channel();
    let {{ app }} = service();
    let app = app.observer(move |stamped| {
        if let Event::Planned { worst_case, .. } = &stamped.event {
            let _ = figure.send(worst_case.grace_period().as_secs());
        }
    });
    TestApp::start(app).await.stop().await;
    let needed = planned.try_recv().expect("a figure");
    let unit = concat!("deploy/systemd/", env!("CARGO_PKG_NAME"), ".service");
    for (file, key) in [
        ("deploy/kubernetes.yaml", "terminationGracePeriodSeconds: "),
        (unit, "TimeoutStopSec="),
    ] {
        let text = fs::read_to_string(file).expect("a file");
        let waits = text.lines().find_map(|line| line.trim().strip_prefix(key));
        let waits: u64 = waits.expect(key).parse().expect("seconds");
        assert!(waits >= needed, "{file}: {waits} s, and not {needed} s");
    }
}
