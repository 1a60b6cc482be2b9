//! Cases about an instance that is registered: it is kept alive, and as it was accepted.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::timeout;

use super::case::{Case, LIMIT, until};
use crate::{Error, LossReason, Registrar, RegistrationState, Remarks, ServiceInstance};

/// The time for which an instance must stay without a write.
const STAYS: Duration = Duration::from_secs(4);

pub(super) async fn keep_alive_and_hold_are_quiet_while_nothing_happens(case: &Case<'_>) {
    let instance = case.instance("1");
    let registrar = &case.backend.registrar;
    let before = timeout(QUIET, registrar.keep_alive(&instance)).await;
    assert!(before.is_err(), "before anything was written: {before:?}");
    let registered = async {
        case.register(&instance).await;
        timeout(QUIET, registrar.hold(&instance)).await
    };
    tokio::select! {
        reason = registrar.keep_alive(&instance) => panic!("kept alive until {reason}"),
        held = registered => assert!(held.is_err(), "held until {held:?}"),
    }
    case.deregister(&instance).await;
}

pub(super) async fn own_changes_are_no_loss(case: &Case<'_>) {
    let registration = case.registration(Arc::clone(&case.backend.registrar));
    registration.first(LIMIT).await.expect("registered");
    let mut states = registration.states();
    let mut watch = case.watch().await;
    let changes = async {
        for weight in ["1", "2", "3", "4", "5"] {
            let changed = registration.set_metadata("weight", weight);
            changed.expect("small metadata");
            until(&mut watch, "the change", |seen| {
                let shown = seen.instances.first();
                shown.is_some_and(|shown| {
                    shown.metadata().get("weight").is_some_and(|w| w == weight)
                })
            })
            .await;
        }
    };
    tokio::select! {
        biased;
        state = degraded(&mut states) => panic!("because of its own change: {state}"),
        () = changes => {}
    }
}

/// Nothing but `keep_alive` can keep the instance here: every write is refused before it reaches
/// the backend.
pub(super) async fn an_instance_stays_while_a_change_is_refused(case: &Case<'_>) {
    let refusing = Arc::new(Refusing {
        inner: Arc::clone(&case.backend.registrar),
        refuses: AtomicBool::new(false),
    });
    let registration = case.registration(refusing.clone());
    registration.first(LIMIT).await.expect("registered");
    let mut watch = case.watch().await;
    until(&mut watch, "the instance", |seen| seen.instances.len() == 1).await;

    refusing.refuses.store(true, Ordering::SeqCst);
    let before = registration.instance();
    let changed = registration.set_metadata("k", "v");
    changed.expect("small metadata");
    let gone = async {
        loop {
            let seen = watch.next().await.expect("an open watch");
            if seen.instances.len() != 1 || *seen.instances[0] != *before {
                return seen;
            }
        }
    };
    if let Ok(seen) = timeout(STAYS, gone).await {
        panic!("the instance was not left as it was: {seen:?}");
    }
    match registration.state() {
        RegistrationState::Degraded {
            shown: Some(shown), ..
        } => assert_eq!(shown, before, "the state says what is shown"),
        state => panic!("a refused change is not reported: {state}"),
    }

    refusing.refuses.store(false, Ordering::SeqCst);
    // The next attempt may be far away, unless there is another change.
    let changed = registration.set_metadata("k", "w");
    changed.expect("small metadata");
    until(&mut watch, "the change", |seen| {
        *seen.instances[0] == *registration.instance()
    })
    .await;
    registration
        .deregister_within(LIMIT)
        .await
        .expect("deregistered");
    until(&mut watch, "the removal", |seen| seen.instances.is_empty()).await;
}

/// Long enough to see a call that returns at once.
const QUIET: Duration = Duration::from_millis(300);

async fn degraded(states: &mut watch::Receiver<RegistrationState>) -> RegistrationState {
    let is_degraded =
        |state: &RegistrationState| matches!(state, RegistrationState::Degraded { .. });
    match states.wait_for(is_degraded).await {
        Ok(state) => state.clone(),
        Err(_ended) => pending().await,
    }
}

/// A backend that refuses every write while `refuses` is set, and that is not watched, as watching is
/// optional.
struct Refusing {
    inner: Arc<dyn Registrar>,
    refuses: AtomicBool,
}

#[async_trait]
impl Registrar for Refusing {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        if self.refuses.load(Ordering::SeqCst) {
            let attempt = format!("register {instance}");
            return Err(Error::refused(attempt, "conformance", "too large"));
        }
        self.inner.register(instance).await
    }

    async fn keep_alive(&self, instance: &ServiceInstance) -> LossReason {
        self.inner.keep_alive(instance).await
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.inner.deregister(instance).await
    }

    fn remarks(&self) -> Remarks {
        self.inner.remarks()
    }
}
