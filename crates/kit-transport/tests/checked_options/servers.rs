//! The options of servers, in front of a server that starts.

use axum::Router;
use kit_sync::{TaskTree, error_chain};
use kit_transport::{Context, Lifecycle, Listen, Server, Tls, grpc, http};
use kit_units::WrongOption;
use schemars::schema_for;
use tokio::sync::watch;
use toml::Table;

use crate::rows::{CONNECTIONS, LISTEN, TLS};
use crate::tree::{Random, Row, any_tree, bounded_keys, put};

const ADDRESS: &str = "\"127.0.0.1:0\"";

/// A file with a certificate and its key.
fn certificate() -> (tempfile::TempDir, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("tls.pem");
    let pem = made.cert.pem() + &made.signing_key.serialize_pem();
    std::fs::write(&path, pem).expect("it is written");
    let path = path.to_str().expect("UTF-8").to_owned();
    (folder, path)
}

/// With an address, and files for TLS if there is a table of it.
fn completed(mut table: Table, pem: &str) -> Table {
    put(&mut table, "listen.address", ADDRESS);
    if table.contains_key("tls") {
        for key in ["tls.certificate", "tls.key"] {
            put(&mut table, key, &format!("{pem:?}"));
        }
    }
    table
}

/// The error of a server's start, with these options.
async fn start(server: &impl Server) -> Option<String> {
    let tree = TaskTree::new("test");
    let (_life, seen) = watch::channel(Lifecycle::new());
    let ctx = Context::new(tree.scope().child("server"), seen);
    let started = server.start(&ctx).await;
    started.err().map(|error| error_chain(&*error))
}

/// Every mistake in the options of an HTTP server of this file, and the error of its start.
async fn of_http(table: &Table) -> (Vec<WrongOption>, Option<String>) {
    let options: http::ServerOptions = table.clone().try_into().expect("options");
    let server = http::Server::with_options(&options, Router::new());
    (options.check(), start(&server).await)
}

async fn of_grpc(table: &Table) -> (Vec<WrongOption>, Option<String>) {
    let options: grpc::ServerOptions = table.clone().try_into().expect("options");
    let server = grpc::Server::with_options(&options);
    (options.check(), start(&server).await)
}

fn rows() -> impl Iterator<Item = &'static Row> {
    CONNECTIONS.iter().chain(LISTEN).chain(TLS)
}

#[test]
fn every_option_with_a_number_a_duration_or_a_size_has_a_row() {
    let rows: Vec<_> = rows().map(|row| row.key.to_owned()).collect();
    for schema in [
        schema_for!(http::ServerOptions),
        schema_for!(grpc::ServerOptions),
    ] {
        let keys = bounded_keys(schema.as_value());
        assert!(keys.len() >= 20, "{keys:?}");
        for key in &keys {
            assert!(rows.contains(key), "{key} has no row");
        }
    }
}

#[tokio::test]
async fn each_wrong_value_is_named_by_the_check_and_by_the_start_of_both_servers() {
    let (_folder, pem) = certificate();
    for row in rows() {
        for value in row.wrong {
            let mut table = Table::new();
            put(&mut table, row.key, value);
            let table = completed(table, &pem);
            for (wrong, error) in [of_http(&table).await, of_grpc(&table).await] {
                let [wrong] = &wrong[..] else {
                    panic!("{} = {value}: {wrong:?}", row.key);
                };
                assert_eq!(wrong.key(), row.key);
                assert_eq!(error, Some(format!("option {wrong}")));
            }
        }
    }
}

#[tokio::test]
async fn each_value_at_the_edge_is_taken_by_the_check_and_by_the_start() {
    let (_folder, pem) = certificate();
    for row in rows() {
        for value in row.right {
            let mut table = Table::new();
            put(&mut table, row.key, value);
            let table = completed(table, &pem);
            for (wrong, error) in [of_http(&table).await, of_grpc(&table).await] {
                assert!(wrong.is_empty(), "{} = {value}: {wrong:?}", row.key);
                assert_eq!(error, None, "{} = {value}", row.key);
            }
        }
    }
}

#[tokio::test]
async fn a_random_tree_is_refused_by_the_check_if_and_only_if_the_server_does_not_start() {
    let (_folder, pem) = certificate();
    let rows: Vec<_> = rows().collect();
    let mut random = Random(1);
    let (mut right, mut wrong) = (0, 0);
    for _ in 0..150 {
        let (table, is_wrong) = any_tree(&rows, &mut random);
        let table = completed(table, &pem);
        for (found, error) in [of_http(&table).await, of_grpc(&table).await] {
            assert_eq!(found.is_empty(), !is_wrong, "{table}: {found:?}");
            assert_eq!(found.is_empty(), error.is_none(), "{table}: {error:?}");
            let all: Vec<_> = found.iter().map(|one| format!("option {one}")).collect();
            assert_eq!(all.join("; "), error.unwrap_or_default());
        }
        if is_wrong {
            wrong += 1;
        } else {
            right += 1;
        }
    }
    assert!(right > 30 && wrong > 30, "{right} right, {wrong} wrong");
}

#[tokio::test]
async fn files_of_tls_that_cannot_be_used_are_named_by_their_keys() {
    let (folder, pem) = certificate();
    let missing = folder.path().join("missing.pem");
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").expect("it is written");
    let [missing, empty] = [missing, empty].map(|path| path.to_str().expect("UTF-8").to_owned());
    let clients = |file: &str| Tls::new(&*pem, &*pem).require_client_certificates(file);
    for (tls, keys) in [
        (Tls::new(&*missing, &*missing), &["certificate", "key"][..]),
        (Tls::new(&*empty, &*pem), &["certificate"]),
        (Tls::new(&*pem, &*empty), &["key"]),
        (clients(&missing), &["clients.require"]),
        (clients(&empty), &["clients.require"]),
        (clients(&pem), &[]),
    ] {
        let options = http::ServerOptions {
            listen: ([127, 0, 0, 1], 0).into(),
            tls: Some(tls),
            ..http::ServerOptions::default()
        };
        let wrong = options.check();
        let found: Vec<_> = wrong.iter().map(WrongOption::key).collect();
        let keys: Vec<_> = keys.iter().map(|key| format!("tls.{key}")).collect();
        assert_eq!(found, keys, "{wrong:?}");
        let server = http::Server::with_options(&options, Router::new());
        assert_eq!(start(&server).await.is_some(), !keys.is_empty());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_place_that_no_socket_can_have_is_refused() {
    use kit_transport::HandOver;
    let long = format!("/tmp/{}", "a".repeat(200));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("http.sock");
    for (listen, key) in [
        (Listen::unix(long), "listen"),
        (
            Listen::unix(&path).hand_over(HandOver::ReusePort),
            "listen.hand_over",
        ),
        (Listen::unix(&path).mode(0o100_000), "listen.mode"),
        (Listen::from("greeter:80"), "listen"),
    ] {
        let options = http::ServerOptions {
            listen,
            ..http::ServerOptions::default()
        };
        let wrong = options.check();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert_eq!(wrong[0].key(), key);
        let server = http::Server::with_options(&options, Router::new());
        assert!(start(&server).await.is_some(), "{wrong:?}");
    }
    let right = Listen::unix(&path).mode(0o7777);
    assert_eq!(right.check(), []);
}
