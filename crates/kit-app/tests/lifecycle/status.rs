//! What a handle answers, and names that would make it ambiguous.

use kit_app::{App, ComponentState, Error, Phase, Signals};
use kit_registry::RegistrationState;

use crate::fakes::{Fake, FakeRegistry, Record, app};

#[tokio::test(start_paused = true)]
async fn a_handle_knows_components_registrations_tasks_and_readiness() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder
        .server(Fake::new("http"))
        .server(Fake {
            phase: Phase::WORKERS,
            ..Fake::new("outbox")
        })
        .registrar("fake", FakeRegistry::default())
        .build();
    let handle = app.handle();
    assert!(!handle.is_ready() && handle.tasks().is_none());
    assert!(handle.components().is_empty() && handle.registrations().is_empty());
    let states = || -> Vec<_> {
        let all = handle.components().into_iter();
        all.map(|component| (component.name, component.state))
            .collect()
    };
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        assert!(handle.is_ready());
        let running = |name: &str| (name.to_owned(), ComponentState::Running);
        assert_eq!(states(), [running("outbox"), running("http")]);
        let http = &handle.components()[1];
        assert_eq!(http.phase, Phase::SERVERS);
        assert_eq!(http.listening.len(), 1);
        let [registered] = &handle.registrations()[..] else {
            panic!("{:?}", handle.registrations());
        };
        assert_eq!(registered.registry, "fake");
        assert!(matches!(registered.state, RegistrationState::Registered));
        let tasks = handle.tasks().unwrap().to_string();
        assert!(
            tasks.contains("outbox") && tasks.contains("serve"),
            "{tasks}"
        );
        handle.stop("done");
        let mut stages = handle.stages();
        stages.changed().await.unwrap();
        assert!(!handle.is_ready(), "a stop has begun");
    });
    report.unwrap();
    let stopped = |name: &str| (name.to_owned(), ComponentState::Stopped);
    assert_eq!(states(), [stopped("outbox"), stopped("http")]);
}

#[tokio::test(start_paused = true)]
async fn a_component_that_has_died_is_seen_as_ended() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let http = Fake::new("http");
    let dies = std::sync::Arc::clone(&http.dies);
    let app = builder
        .server(http)
        .before_stop("look", |app| async move {
            let components = app.handle().components();
            assert_eq!(components[0].state, ComponentState::Ended);
            assert_eq!(components[0].state.to_string(), "ended");
            Ok(())
        })
        .build();
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        dies.notify_one();
    });
    assert_eq!(report.unwrap_err().report().failures.len(), 1);
}

#[tokio::test]
async fn two_components_of_one_name_are_refused_before_the_start() {
    let app = App::builder("app")
        .signals(Signals::none())
        .before_start("never", |_| async { unreachable!("the start is refused") })
        .server(Fake::new("http"))
        .server(Fake::new("http"))
        .build();
    let error = app.run().await.unwrap_err();
    assert!(matches!(error.error(), Error::DuplicateName { name, .. } if name == "http"));
    assert_eq!(
        error.to_string(),
        "there are two components named `http`: give one of them another name"
    );
}

/// Every future that a user may want to spawn.
#[tokio::test]
async fn the_futures_of_an_app_can_be_spawned() {
    fn send<T: Send>(future: T) -> T {
        future
    }
    let app = App::builder("app").signals(Signals::none()).build();
    let handle = app.handle();
    drop(send(handle.started()));
    handle.stop("before it ran");
    send(app.run()).await.unwrap();
}

#[tokio::test]
async fn what_can_be_known_to_be_wrong_is_refused_before_any_hook_runs() {
    use kit_transport::{ConnectionOptions, grpc, http};
    use tonic_health::server::health_reporter;

    let health = || health_reporter().1;
    type With = Box<dyn Fn(kit_app::AppBuilder) -> kit_app::AppBuilder>;
    let wrong: [(With, &str); 4] = [
        (
            Box::new(|app| app.advertise_host("http://orders")),
            "option `advertise_host` is \"http://orders\": it has to be a host name",
        ),
        (
            Box::new(move |app| {
                app.server(grpc::Server::new(":0").service(health()).service(health()))
            }),
            "grpc cannot be started: gRPC service `grpc.health.v1.Health` was added twice: \
             one server has each service once",
        ),
        (
            Box::new(|app| app.server(http::Server::new("8000 please", axum::Router::new()))),
            "http cannot be started: could not listen: `8000 please` is no address",
        ),
        (
            Box::new(|app| {
                let none = ConnectionOptions {
                    max_connections: 0,
                    ..ConnectionOptions::default()
                };
                app.server(http::Server::new(":0", axum::Router::new()).connections(none))
            }),
            "http cannot be started: option `connections.max_connections` is 0: it has to be at least 1",
        ),
    ];
    for (with, expected) in wrong {
        let app = App::builder("app")
            .signals(Signals::none())
            .before_start("never", |_| async { unreachable!("the start is refused") })
            .apply(with)
            .build();
        let error = app.run().await.unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// Its start returns once its scope is cancelled, and its one task goes on for a while.
struct StartsWhenCancelled;

#[async_trait::async_trait]
impl kit_transport::Server for StartsWhenCancelled {
    fn name(&self) -> &str {
        "slow"
    }

    async fn start(
        &self,
        ctx: &kit_transport::Context,
    ) -> Result<Vec<kit_transport::Listening>, kit_app::BoxError> {
        ctx.scope().cancelled().await;
        ctx.scope().spawn(
            "drains",
            tokio::time::sleep(std::time::Duration::from_secs(5)),
        );
        Ok(Vec::new())
    }
}

#[tokio::test(start_paused = true)]
async fn a_component_whose_start_ends_during_the_stop_is_seen_as_draining() {
    let record = Record::default();
    let (builder, _signals) = app(&record);
    let app = builder.server(StartsWhenCancelled).build();
    let handle = app.handle();
    let second = std::time::Duration::from_secs(1);
    let (report, ()) = tokio::join!(app.run(), async {
        tokio::time::sleep(second).await;
        assert_eq!(handle.components()[0].state, ComponentState::Starting);
        handle.stop("done");
        tokio::time::sleep(second).await;
        assert!(record.has("slow started"), "{:#?}", record.all());
        assert_eq!(handle.components()[0].state, ComponentState::Draining);
    });
    report.unwrap();
}
