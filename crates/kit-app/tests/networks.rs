//! The endpoints of an app that finds few interfaces, or none, each time in a separate network: the
//! test runs itself there.

#![cfg(target_os = "linux")]

use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use kit_app::{App, AppBuilder, Event, Signals};
use kit_registry::{Error, Registrar, ServiceInstance};
use kit_test_support::Network;
use kit_transport::http;

/// Set for the run inside.
const INSIDE: &str = "KIT_TEST_NETWORK";

const LOOPBACK: &str = "ip link set lo up";
/// A device would do as well; addresses of the loopback device are there in every kernel.
/// The system adds the route to an address of IPv6 a moment after the address.
const IPV6: &str = "ip link set lo up; ip -6 addr add fd00::7/128 dev lo nodad; \
                    n=0; until ip -6 route get fd00::7 > /dev/null 2>&1; \
                    do n=$((n + 1)); [ $n -lt 1000 ]; sleep 0.01; done";
const IPV4: &str = "ip link set lo up; ip addr add 10.9.0.7/32 dev lo";

/// Runs the test `name` again, in a separate network, and there `inside`.
fn in_network(name: &str, setup: &str, inside: impl AsyncFnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        return runtime.block_on(inside());
    }
    let Some(network) = Network::for_test(name) else {
        return;
    };
    let this = std::env::current_exe().unwrap();
    let mut command = network.command(setup, this);
    command.args(["--exact", name, "--nocapture"]);
    let output = command.env(INSIDE, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{why}");
    assert!(said.contains("1 passed"), "no test `{name}`: {said}{why}");
}

/// A registry that others read.
struct Others;

#[async_trait]
impl Registrar for Others {
    async fn register(&self, _: &ServiceInstance) -> Result<(), Error> {
        Ok(())
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        Ok(())
    }
}

fn with_others(app: AppBuilder) -> AppBuilder {
    app.registrar("others", Others)
}

/// What an app that listens at `text` is advertised as, without its port, and the warnings about
/// it; whatever is advertised takes connections.
async fn advertised(
    text: &'static str,
    option: impl FnOnce(AppBuilder) -> AppBuilder,
) -> (String, Vec<String>) {
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let warned = Arc::clone(&warnings);
    let app = App::builder("app")
        .signals(Signals::none())
        .drain_delay(Duration::ZERO)
        .observer(move |event| {
            if let Event::LoopbackAdvertised { endpoints, why } = &event.event {
                assert!(!endpoints.is_empty());
                warned.lock().unwrap().push(why.clone());
            }
        })
        .server(http::Server::new(text, Router::new()))
        .apply(option)
        .build();
    let handle = app.handle();
    let (report, host) = tokio::join!(app.run(), async {
        handle.started().await.expect("it starts");
        let endpoints = handle.info().endpoints();
        let [endpoint] = &endpoints[..] else {
            panic!("{endpoints:?}")
        };
        let address: SocketAddr = endpoint.authority().parse().unwrap();
        TcpStream::connect(address).expect("a server listens at the endpoint");
        handle.stop("asked");
        endpoint.host().to_owned()
    });
    assert_eq!(report.expect("it ends well").exit_code, 0);
    let warnings = std::mem::take(&mut *warnings.lock().unwrap());
    (host, warnings)
}

#[test]
fn without_a_network_and_without_readers_it_starts_in_silence() {
    let name = "without_a_network_and_without_readers_it_starts_in_silence";
    in_network(name, LOOPBACK, async || {
        for text in ["0.0.0.0:0", ":0", "[::]:0", "localhost:0"] {
            for registry in [None, Some("memory:")] {
                let registry = |app: AppBuilder| match registry {
                    Some(url) => app.registry(url),
                    None => app,
                };
                let silence = ("127.0.0.1".to_owned(), Vec::new());
                assert_eq!(advertised(text, registry).await, silence, "{text}");
            }
        }
    });
}

#[test]
fn without_a_network_but_with_readers_loopback_is_shown_with_one_warning() {
    let name = "without_a_network_but_with_readers_loopback_is_shown_with_one_warning";
    in_network(name, LOOPBACK, async || {
        for text in ["0.0.0.0:0", ":0"] {
            let two = |app| {
                with_others(app)
                    .registrar("more", Others)
                    .registry("memory:")
            };
            let (host, warnings) = advertised(text, two).await;
            assert_eq!(host, "127.0.0.1");
            let [why] = &warnings[..] else {
                panic!("{warnings:?}")
            };
            assert!(why.contains("`advertise_host`"), "{why}");
        }
        let (host, warnings) = advertised("localhost:0", with_others).await;
        assert_eq!((&*host, warnings.len()), ("127.0.0.1", 1));
        assert!(warnings[0].contains("`:8000`"), "{warnings:?}");
    });
}

#[test]
fn without_any_interface_it_starts() {
    in_network("without_any_interface_it_starts", "true", async || {
        let app = App::builder("app")
            .signals(Signals::none())
            .server(http::Server::new("0.0.0.0:0", Router::new()))
            .registry("memory:")
            .build();
        let handle = app.handle();
        let (report, ()) = tokio::join!(app.run(), async {
            handle.started().await.expect("it starts");
            handle.stop("asked");
        });
        assert_eq!(report.expect("it ends well").exit_code, 0);
    });
}

#[test]
fn with_ipv6_alone_what_takes_ipv4_alone_is_not_shown_at_it() {
    let name = "with_ipv6_alone_what_takes_ipv4_alone_is_not_shown_at_it";
    in_network(name, IPV6, async || {
        let (host, warnings) = advertised("0.0.0.0:0", with_others).await;
        assert_eq!((&*host, warnings.len()), ("127.0.0.1", 1));
        assert!(warnings[0].contains("such as fd00::7"), "{warnings:?}");
        for text in [":0", "[::]:0"] {
            let shown = advertised(text, with_others).await;
            assert_eq!(shown, ("fd00::7".to_owned(), Vec::new()), "{text}");
        }
    });
}

#[test]
fn with_ipv4_alone_both_families_are_asked_for_whatever_the_system_is_set_to() {
    let name = "with_ipv4_alone_both_families_are_asked_for_whatever_the_system_is_set_to";
    let setup = format!("{IPV4}; echo 1 > /proc/sys/net/ipv6/bindv6only");
    in_network(name, &setup, async || {
        for text in ["0.0.0.0:0", ":0", "[::]:0"] {
            let shown = advertised(text, with_others).await;
            assert_eq!(shown, ("10.9.0.7".to_owned(), Vec::new()), "{text}");
        }
    });
}

#[test]
fn with_ipv6_disabled_every_interface_is_those_of_ipv4() {
    let name = "with_ipv6_disabled_every_interface_is_those_of_ipv4";
    let setup = format!("{IPV4}; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6");
    in_network(name, &setup, async || {
        let shown = advertised(":0", with_others).await;
        assert_eq!(shown, ("10.9.0.7".to_owned(), Vec::new()));
        let shown = advertised("localhost:0", |app| app).await;
        assert_eq!(shown, ("127.0.0.1".to_owned(), Vec::new()));
    });
}
