//! What the tests share.

use std::sync::Arc;
use std::time::Duration;

use kit_registry::{
    Backend, Registration, RegistrationState, Schemes, ServiceInstance, Snapshot, Watch,
};
use kit_sync::{Scope, TaskTree};
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here takes.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

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

    pub(crate) async fn watch(&self) -> Watch {
        let watch = self.backend.discovery.watch(instance().name()).await;
        watch.expect("a watch")
    }

    pub(crate) async fn list(&self) -> Vec<Arc<ServiceInstance>> {
        let list = self.backend.discovery.instances(instance().name()).await;
        list.expect("a list").instances.to_vec()
    }

    /// Closes everything; nothing may be left of it.
    pub(crate) async fn close(self) {
        let report = self.tree.close(Instant::now() + LIMIT).await;
        assert!(report.on_time(), "{report:?}");
        assert_eq!(self.tree.scope().live(), 0, "{report:?}");
    }
}

pub(crate) fn open(url: &str, scope: &Scope) -> Backend {
    let mut schemes = Schemes::default();
    kit_registry_consul::add_to(&mut schemes);
    schemes.open(url, scope).expect("a good URL")
}

/// The id of the instance's entry.
pub(crate) const ID: &str = "helloworld:1";

pub(crate) fn instance() -> ServiceInstance {
    ServiceInstance::builder("1", "helloworld")
        .version("v1")
        .metadata("zone", "a")
        .endpoint("http://127.0.0.1:8000".parse().expect("an endpoint"))
        .endpoint("grpc://127.0.0.1:9000".parse().expect("an endpoint"))
        .build()
        .expect("a valid instance")
}

/// Waits for a state whose line holds a text.
pub(crate) async fn degraded(registration: &Registration, text: &str) -> String {
    let mut states = registration.states();
    let seen = timeout(LIMIT, async {
        loop {
            let why = states.borrow_and_update().why().cloned();
            if let Some(why) = why
                && why.chain().to_string().contains(text)
            {
                return why.chain().to_string();
            }
            states.changed().await.expect("the registration goes on");
        }
    });
    seen.await
        .unwrap_or_else(|_| panic!("not {text:?} within {LIMIT:?} but {registration:?}"))
}

pub(crate) async fn registered(registration: &Registration) {
    let mut states = registration.states();
    let is_registered = |state: &RegistrationState| matches!(state, RegistrationState::Registered);
    let seen = timeout(LIMIT, states.wait_for(is_registered)).await;
    let seen = seen.unwrap_or_else(|_| panic!("not registered but {registration:?}"));
    seen.expect("the registration goes on");
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

/// JSON without the spaces that `-dev` writes.
pub(crate) fn compact(json: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
    value.to_string()
}
