//! Servers that are not for others: in no registry, whatever they are and wherever they listen.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use kit_app::{App, BoxError, Environment, Event, Signals};
use kit_registry::{Error, Registrar, ServiceInstance};
use kit_transport::{Context, Inherited, Listen, Listening, Server, grpc, http};

/// The endpoints that were registered.
#[derive(Clone, Default)]
struct Shown(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Registrar for Shown {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let endpoints = instance.endpoints().iter();
        *self.0.lock().unwrap() = endpoints.map(ToString::to_string).collect();
        Ok(())
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        Ok(())
    }
}

/// A server of another hand.
struct Metrics;

#[async_trait]
impl Server for Metrics {
    fn name(&self) -> &str {
        "metrics"
    }

    async fn start(&self, _: &Context) -> Result<Vec<Listening>, BoxError> {
        let address = ([10, 0, 0, 7], 9100).into();
        Ok(vec![Listening::tcp("http", address).private()])
    }
}

#[tokio::test]
async fn private_servers_listen_and_no_registry_shows_them() {
    let any_port = || TcpListener::bind("127.0.0.1:0").unwrap();
    let given = [Some(Inherited::from(any_port()))].into_iter().collect();
    let (shown, listening) = (Shown::default(), Arc::new(Mutex::new(Vec::new())));
    let heard = Arc::clone(&listening);
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let warned = Arc::clone(&warnings);
    let router = Router::new;
    let app = App::builder("app")
        .signals(Signals::none())
        .drain_delay(Duration::ZERO)
        .environment(Environment::default().with_inherited(given))
        .advertise_host("node7.example")
        .observer(move |event| match &event.event {
            Event::ComponentStarted { listening, .. } => {
                heard.lock().unwrap().extend(listening.clone());
            }
            Event::LoopbackAdvertised { why, .. } => warned.lock().unwrap().push(why.clone()),
            _ => {}
        })
        .registrar("shown", shown.clone())
        .server(http::Server::new(Listen::existing(any_port()), router()))
        .server(http::Server::new(":0", router()).name("admin").private())
        .server(
            http::Server::new(Listen::inherited(0), router())
                .name("given")
                .private(),
        )
        .server(grpc::Server::new("localhost:0").private())
        .server(Metrics)
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.expect("it starts");
        handle.stop("asked");
    });
    report.expect("it ends well");
    let listening = listening.lock().unwrap();
    let private = listening.iter().filter(|listening| listening.is_private());
    assert_eq!((listening.len(), private.count()), (5, 4));
    let shown = shown.0.lock().unwrap();
    let [public] = &shown[..] else {
        panic!("{shown:?}")
    };
    assert!(public.starts_with("http://node7.example:"), "{public}");
    assert!(warnings.lock().unwrap().is_empty());
}
