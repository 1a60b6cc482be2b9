//! Two processes after each other: this test's program is started again as the client, and killed.

use std::env;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use kit_registry::{Registration, Schemes, ServiceInstance};
use kit_sync::TaskTree;
use kit_test_support::Etcd;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::bench::{LIMIT, close, first, ids, instances, kept};
use crate::etcd::open;

const URL: &str = "KIT_TEST_CACHE_URL";
const DIRECTORY: &str = "KIT_TEST_CACHE_DIRECTORY";

/// What a client prints about each snapshot.
const SEEN: &str = "seen: ";

fn client(url: &str, directory: &std::path::Path) -> Child {
    let program = env::current_exe().expect("this program");
    Command::new(program)
        .args(["--exact", "restart::the_client", "--ignored", "--nocapture"])
        .env(URL, url)
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("it starts")
}

/// Waits until a client prints this, and kills it.
async fn expect(mut client: Child, line: &str) {
    let output = client.stdout.take().expect("piped");
    let mut lines = BufReader::new(output).lines();
    let mut seen = Vec::new();
    let found = timeout(LIMIT, async {
        while let Some(next) = lines.next_line().await.expect("text") {
            // The harness has begun a line.
            if next.ends_with(line) {
                return true;
            }
            seen.push(next);
        }
        false
    });
    let found = found.await.unwrap_or(false);
    assert!(found, "not `{line}` but {seen:#?}");
    client.kill().await.expect("it was alive");
}

#[tokio::test]
async fn a_process_that_was_killed_finds_its_list_without_etcd_and_with_it() {
    let mut server = Etcd::start().await;
    let directory = tempfile::tempdir().expect("a directory");
    let url = server.url("");
    let tree = TaskTree::new("service");
    let registry = Schemes::default().open(&url, tree.scope()).unwrap();
    let one = ServiceInstance::clone(&instances(&["1"])[0]);
    let registrar = Arc::clone(&registry.registrar);
    let registration = Registration::spawn(tree.scope(), registrar, one);
    registration.first(LIMIT).await.expect("registered");

    let process = client(&url, directory.path());
    kept(directory.path(), |written| written.contains(r#""id":"1""#)).await;
    expect(process, "seen: 1 fresh").await;
    server.kill();
    expect(client(&url, directory.path()), "seen: 1 stale").await;
    let process = client(&url, directory.path());
    server.restart().await;
    expect(process, "seen: 1 fresh").await;
    close(tree).await;
}

#[tokio::test]
#[ignore = "the program of the test above"]
async fn the_client() {
    let (Ok(url), Some(directory)) = (env::var(URL), env::var_os(DIRECTORY)) else {
        return;
    };
    let tree = TaskTree::new("client");
    let backend = open(&url, &PathBuf::from(directory), &tree);
    let (mut watch, mut snapshot) = first(&*backend.discovery).await;
    // Until it is killed.
    loop {
        let state = if snapshot.is_fresh() {
            "fresh"
        } else {
            "stale"
        };
        println!("{SEEN}{} {state}", ids(&snapshot).join(" "));
        snapshot = watch.next().await.expect("an open watch");
    }
}
