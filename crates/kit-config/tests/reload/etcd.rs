//! Settings in etcd, which are read at each reload.

use kit_config::Reloader;
use kit_test_support::Etcd;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::home::{Folder, Orders};

/// `/orders/limits/high`, as the gateway takes it.
const HIGH: &str = "L29yZGVycy9saW1pdHMvaGlnaA==";
const SEVEN: &str = "Nw==";
const EIGHT: &str = "OA==";
const MANY: &str = "bWFueQ==";

async fn put_high(etcd: &Etcd, value: &str) {
    let body = json!({"key": HIGH, "value": value}).to_string();
    let (address, length) = (etcd.address(), body.len());
    let head = format!(
        "POST /v3/kv/put HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(address).await.expect("etcd");
    let request = [head, body].concat();
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_reload_reads_etcd_too() {
    let mut etcd = Etcd::start().await;
    put_high(&etcd, SEVEN).await;
    let folder = Folder::with(&[("orders.toml", "[limits]\nlow = 2\nhigh = 3\n")]);
    let settings = folder.orders().etcd(etcd.url("/orders"));
    let loaded = settings.load_remote().await.expect("they are right");
    let reloader = Reloader::<Orders>::new(loaded);
    let limits = || {
        let now = reloader.current().load();
        (now.limits.low, now.limits.high)
    };
    assert_eq!(limits(), (2, 7));
    put_high(&etcd, EIGHT).await;
    folder.write("orders.toml", "[limits]\nlow = 1\nhigh = 4\n");
    let reloaded = reloader.reload().await.expect("they are right");
    assert_eq!(reloaded.changed.len(), 2, "{reloaded:?}");
    assert_eq!(limits(), (1, 8));
    put_high(&etcd, MANY).await;
    reloader.reload().await.expect_err("it is no number");
    assert_eq!(limits(), (1, 8));
    // Without an answer nothing is known, so nothing changes.
    etcd.kill();
    reloader.reload().await.expect_err("there is no answer");
    assert_eq!(limits(), (1, 8));
}
