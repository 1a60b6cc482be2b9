//! What the tests share.

use std::sync::Arc;
use std::time::Duration;

use kit_registry::{
    Backend, Registration, RegistrationState, Schemes, ServiceInstance, Snapshot, Watch,
};
use kit_sync::{Scope, TaskTree};
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// A registry and what runs because of it.
pub(crate) struct Bench {
    pub(crate) tree: TaskTree,
    pub(crate) backend: Backend,
}

impl Bench {
    pub(crate) fn open(url: &str) -> Bench {
        let tree = TaskTree::new("test");
        let backend = open(url, &tree.scope().child("registry"));
        Bench { tree, backend }
    }

    pub(crate) async fn registered(&self) -> Registration {
        let registration = self.register();
        registration.first(LIMIT).await.expect("registered");
        registration
    }

    pub(crate) fn register(&self) -> Registration {
        let scope = self.tree.scope().child("registration");
        Registration::spawn(&scope, Arc::clone(&self.backend.registrar), instance())
    }

    pub(crate) fn register_with_remarks(&self) -> (Registration, broadcast::Receiver<String>) {
        let scope = self.tree.scope().child("registration");
        Registration::spawn_with_remarks(&scope, Arc::clone(&self.backend.registrar), instance())
    }

    /// Closes everything; nothing may be left of it.
    pub(crate) async fn close(self) {
        let report = self.tree.close(Instant::now() + LIMIT).await;
        assert!(report.on_time(), "{report:?}");
        assert_eq!(self.tree.scope().live(), 0, "{report:?}");
    }
}

pub(crate) fn open(url: &str, scope: &Scope) -> Backend {
    Schemes::default().open(url, scope).expect("a good URL")
}

pub(crate) const KEY: &str = "/microservices/helloworld/1";

pub(crate) fn instance() -> ServiceInstance {
    ServiceInstance::builder("1", "helloworld")
        .version("v1")
        .metadata("zone", "<a&b>")
        .endpoint("http://127.0.0.1:8000".parse().expect("an endpoint"))
        .endpoint("grpc://127.0.0.1:9000".parse().expect("an endpoint"))
        .build()
        .expect("a valid instance")
}

/// What Kratos would store for it.
pub(crate) const VALUE: &str = concat!(
    r#"{"id":"1","name":"helloworld","version":"v1","metadata":{"zone":"\u003ca\u0026b\u003e"},"#,
    r#""endpoints":["http://127.0.0.1:8000","grpc://127.0.0.1:9000"]}"#
);

/// Waits for a state, and gives it.
pub(crate) async fn state(
    registration: &Registration,
    what: &str,
    is: impl FnMut(&RegistrationState) -> bool,
) -> RegistrationState {
    let mut state = registration.states();
    let seen = timeout(LIMIT, state.wait_for(is)).await;
    match seen {
        Ok(state) => state.expect("the registration goes on").clone(),
        Err(_elapsed) => panic!("not {what} within {LIMIT:?} but {registration:?}"),
    }
}

pub(crate) async fn degraded(registration: &Registration) -> String {
    let state = state(registration, "degraded", |state| {
        matches!(state, RegistrationState::Degraded { .. })
    });
    match state.await {
        RegistrationState::Degraded { why, .. } => why.chain().to_string(),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn registered(registration: &Registration) {
    state(registration, "registered", |state| {
        matches!(state, RegistrationState::Registered)
    })
    .await;
}

/// Waits for a snapshot.
pub(crate) async fn seen(
    watch: &mut Watch,
    what: &str,
    is: impl Fn(&Snapshot) -> bool,
) -> Arc<Snapshot> {
    let seen = timeout(LIMIT, async {
        loop {
            let snapshot = watch.next().await.expect("an open watch");
            if is(&snapshot) {
                return snapshot;
            }
        }
    });
    seen.await
        .unwrap_or_else(|_| panic!("{what} was not seen in {LIMIT:?}"))
}

/// Looks again and again, for a change that sends no event.
pub(crate) async fn eventually<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let found = timeout(LIMIT, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            sleep(Duration::from_millis(20)).await;
        }
    });
    found
        .await
        .unwrap_or_else(|_| panic!("{what} did not happen in {LIMIT:?}"))
}

/// How many tasks the runtime has, beside the test itself.
pub(crate) fn alive_tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
