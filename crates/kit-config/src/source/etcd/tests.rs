use std::future::Future;
use std::pin::pin;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kit_test_support::Etcd;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::tree::node::Node;

/// Sends a request to the gateway, with nothing of the code that is tested, and expects success.
async fn post(etcd: &Etcd, path: &str, body: Value) {
    let body = body.to_string();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        etcd.address(),
        body.len()
    );
    let mut stream = TcpStream::connect(etcd.address()).await.expect("etcd");
    let request = [head, body].concat();
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
}

async fn put(etcd: &Etcd, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
    let pair = json!({"key": STANDARD.encode(key), "value": STANDARD.encode(value)});
    post(etcd, "/v3/kv/put", pair).await;
}

fn problems(layer: &Layer) -> Vec<String> {
    let problems = layer.problems.iter();
    let line = |problem: &Problem| problem.to_string().lines().next().unwrap_or("").to_owned();
    problems.map(line).collect()
}

fn text<'l>(layer: &'l Layer, keys: &[&str]) -> Option<&'l str> {
    let step = |key: &&str| Step::Key((*key).to_owned());
    let key: KeyPath = keys.iter().map(step).collect();
    layer.tree.get(&key).and_then(Node::as_text)
}

#[tokio::test]
async fn each_key_below_the_prefix_is_a_setting() {
    let etcd = Etcd::start().await;
    put(&etcd, "/config/orders/http/port", "8000").await;
    put(&etcd, "/config/orders/servers/0/addr", "é").await;
    put(&etcd, "/config/orders/name", "").await;
    put(&etcd, "/config/orders/folder/", "").await;
    put(&etcd, "/config/orders2/x", "of another").await;
    put(&etcd, "/config/orders", "the folder itself").await;
    let layer = read(&etcd.url("/config/orders/"), false).await;
    assert_eq!(problems(&layer), [""; 0]);
    assert_eq!(text(&layer, &["http", "port"]), Some("8000"));
    assert_eq!(text(&layer, &["servers", "0", "addr"]), Some("é"));
    assert_eq!(text(&layer, &["name"]), Some(""));
    let table = layer.tree.as_table().expect("a table");
    assert_eq!(table.iter().count(), 3);
    let port = layer.tree.get(&KeyPath::root().key("http").key("port"));
    let origin = port.map(|node| node.origin.to_string());
    assert_eq!(origin.as_deref(), Some("etcd key /config/orders/http/port"));
}

#[tokio::test]
async fn a_key_that_is_no_setting_is_a_problem() {
    let etcd = Etcd::start().await;
    put(&etcd, "/c/a", "1").await;
    put(&etcd, "/c/a/b", "2").await;
    put(&etcd, "/c/b//c", "3").await;
    put(&etcd, "/c/d", b"\xff").await;
    put(&etcd, b"/c/\xff", b"x").await;
    let layer = read(&etcd.url("/c"), false).await;
    let expected = [
        "etcd key /c/b//c: b.\"\".c: a part of its name is empty",
        "etcd key /c/d: d: its value is not UTF-8",
        "etcd key /c/\u{fffd}: \"\u{fffd}\": its name is not UTF-8",
        "etcd key /c/a/b: a.b: a part of `a` is set here, and the whole of it by etcd key /c/a: one of both \
         has to go",
    ];
    assert_eq!(problems(&layer), expected);
}

#[tokio::test]
async fn one_key_can_hold_a_document() {
    let etcd = Etcd::start().await;
    put(&etcd, "/config/orders.toml", "[http]\nport = 8000\nx = \n").await;
    put(&etcd, "/config/orders.yaml", b"\xff").await;
    let layer = read(&etcd.url("/config/orders.toml"), false).await;
    let port = layer.tree.get(&KeyPath::root().key("http").key("port"));
    let origin = port.map(|node| node.origin.to_string());
    assert_eq!(origin.as_deref(), Some("etcd key /config/orders.toml:2:8"));
    assert_eq!(
        problems(&layer),
        ["etcd key /config/orders.toml:3:5: a value is missing here"]
    );
    let layer = read(&etcd.url("/config/orders.yaml"), false).await;
    assert_eq!(
        problems(&layer),
        ["etcd key /config/orders.yaml: its value is not UTF-8"]
    );
}

#[tokio::test]
async fn a_place_without_keys_is_a_problem_unless_it_is_optional() {
    let etcd = Etcd::start().await;
    let at = format!("from etcd at {}", etcd.address());
    for (path, reason) in [
        ("/none", "there is no key below it"),
        ("/none.json", "there is no such key"),
    ] {
        let layer = read(&etcd.url(path), false).await;
        assert_eq!(
            problems(&layer),
            [format!("etcd: failed to read {path} {at}: {reason}")]
        );
        assert_eq!(problems(&read(&etcd.url(path), true).await), [""; 0]);
    }
}

#[tokio::test]
async fn a_login_is_used_and_never_shown() {
    let etcd = Etcd::start().await;
    put(&etcd, "/c/a", "1").await;
    let url = |login: &str| format!("etcd://{login}@{}/c", etcd.address());
    let layer = read(&url("root:unused"), false).await;
    assert_eq!(
        (problems(&layer), text(&layer, &["a"])),
        (Vec::new(), Some("1"))
    );
    post(
        &etcd,
        "/v3/auth/user/add",
        json!({"name": "root", "password": "p/w"}),
    )
    .await;
    post(
        &etcd,
        "/v3/auth/user/grant",
        json!({"user": "root", "role": "root"}),
    )
    .await;
    post(&etcd, "/v3/auth/enable", json!({})).await;
    let layer = read(&url("root:p%2Fw"), false).await;
    assert_eq!(
        (problems(&layer), text(&layer, &["a"])),
        (Vec::new(), Some("1"))
    );
    let at = format!("failed to read /c from etcd at {}", etcd.address());
    let layer = read(&url("root:hunter2"), false).await;
    let expected = "authentication failed, invalid user ID or password";
    assert_eq!(problems(&layer), [format!("etcd: {at}: {expected}")]);
    let layer = read(&etcd.url("/c"), false).await;
    assert_eq!(
        problems(&layer),
        [format!("etcd: {at}: user name is empty")]
    );
}

#[tokio::test]
async fn the_next_endpoint_is_asked_when_one_is_down() {
    let etcd = Etcd::start().await;
    put(&etcd, "/c/a", "1").await;
    let dead = kit_test_support::dead_address();
    let layer = read(&format!("etcd://{dead},{}/c", etcd.address()), false).await;
    assert_eq!(
        (problems(&layer), text(&layer, &["a"])),
        (Vec::new(), Some("1"))
    );
    let layer = read(&format!("etcd://u:hunter2@{dead}/c"), true).await;
    let found = problems(&layer);
    assert!(
        found[0].starts_with(&format!("etcd: failed to read /c from etcd at {dead}: ")),
        "{found:?}"
    );
    assert!(
        found[0].contains("refused") && !found[0].contains("hunter2"),
        "{found:?}"
    );
}

/// Polls both until the first is done: the second is a server.
async fn beside<T>(first: impl Future<Output = T>, server: impl Future<Output = ()>) -> T {
    let server = pin!(server);
    tokio::select! {
        done = first => done,
        () = server => panic!("the server ended"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_answer_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let address = listener.local_addr().expect("an address");
    let url = format!("etcd://{address}/c");
    let silent = async {
        let (_stream, _) = listener.accept().await.expect("a connection");
        std::future::pending::<()>().await;
    };
    let begun = tokio::time::Instant::now();
    let layer = beside(read(&url, true), silent).await;
    assert_eq!(begun.elapsed().as_secs(), 3);
    let expected = format!("etcd: failed to read /c from etcd at {address}: no answer within 3 s");
    assert_eq!(problems(&layer), [expected]);
}

#[tokio::test]
async fn a_server_that_is_no_etcd_is_a_problem() {
    for (answer, reason) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "the answer is none of etcd",
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            "the answer has the status 200 OK",
        ),
        (
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "there is no JSON gateway; etcd has to run with `--enable-grpc-gateway`",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
            "the answer has the status 502 Bad Gateway",
        ),
        ("", "connection closed before message completed"),
        ("SSH-2.0-x\r\n\r\n", "invalid HTTP version parsed"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("an address");
        let url = format!("etcd://{address}/c");
        let server = async {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut request = [0; 4096];
            let length = stream.read(&mut request).await.expect("a request");
            assert!(length > 0);
            stream
                .write_all(answer.as_bytes())
                .await
                .expect("an answer");
            drop(stream);
            std::future::pending::<()>().await;
        };
        let layer = beside(read(&url, false), server).await;
        let expected = format!("etcd: failed to read /c from etcd at {address}: {reason}");
        assert_eq!(problems(&layer), [expected]);
    }
}

#[tokio::test]
async fn a_wrong_url_is_a_problem() {
    let layer = read("etcd://u:hunter2@h:x/c", true).await;
    let expected = "etcd: the URL has an endpoint that is not `host:port`; it has to be like \
                    `etcd://127.0.0.1:2379/config/orders`";
    assert_eq!(problems(&layer), [expected]);
}

#[derive(Debug, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct Orders {
    port: u16,
    name: String,
    hosts: Vec<String>,
}

impl crate::Rules for Orders {}

#[tokio::test]
async fn settings_in_etcd_count_more_than_files_and_less_than_variables() {
    let etcd = Etcd::start().await;
    put(&etcd, "/c/port", "2").await;
    put(&etcd, "/c/name", "etcd").await;
    put(&etcd, "/c/hosts/0", "b").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("orders.toml");
    std::fs::write(&file, "port = 1\nname = 'file'\nhosts = ['a', 'c']\n").expect("a file");
    let settings = crate::Settings::<Orders>::new()
        .etcd(etcd.url("/c"))
        .file(file)
        .environment("ORDERS")
        .variables([("ORDERS__PORT", "3")]);
    let loaded = settings.load_remote().await.expect("settings");
    let orders = loaded.settings();
    assert_eq!(
        (orders.port, &*orders.name, &*orders.hosts.concat()),
        (3, "etcd", "bc")
    );
    put(&etcd, "/c/prot", "4").await;
    put(&etcd, "/c/port", "many").await;
    let error = settings
        .load_remote()
        .await
        .expect_err("mistakes")
        .to_string();
    assert!(
        error.contains("etcd key /c/prot: prot: there is no such setting; did you mean `port`?"),
        "{error}"
    );
    assert!(error.contains("etcd key /c/port: port: "), "{error}");
    let error = settings.load().expect_err("a mistake").to_string();
    assert!(
        error.contains("etcd: settings in etcd are read by `load_remote`"),
        "{error}"
    );
}
