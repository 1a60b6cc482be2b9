//! The order of a registration's calls, against a registry whose entries run out, on a paused clock.

mod registry;

use std::sync::Arc;
use std::time::Duration;

use kit_registry::{Registration, RegistrationState, ServiceInstance, conformance};
use kit_sync::TaskTree;
use tokio::time::Instant;

use crate::registry::{Answer, Call, Leased, Manner, TTL, pass};

const LIMIT: Duration = Duration::from_secs(10);

struct Case {
    tree: TaskTree,
    registry: Leased,
    registration: Registration,
}

impl Case {
    /// A registration that has begun; nothing has run yet.
    fn begin() -> Case {
        let tree = TaskTree::new("test");
        let registry = Leased::start(&tree.scope().child("registry"), Manner::Right);
        let scope = tree.scope().child("registration");
        let registrar = Arc::new(registry.clone());
        let registration = Registration::spawn(&scope, registrar, instance());
        Case {
            tree,
            registry,
            registration,
        }
    }

    async fn registered() -> Case {
        let case = Case::begin();
        case.registration.first(LIMIT).await.unwrap();
        case
    }

    fn weight(&self) -> Option<String> {
        let shown = self.registry.shown()?;
        let weight = shown.metadata().get("weight").cloned();
        Some(weight.unwrap_or_default())
    }

    async fn is(&self, what: impl FnMut(&RegistrationState) -> bool) -> RegistrationState {
        let mut states = self.registration.states();
        let state = tokio::time::timeout(LIMIT * 100, states.wait_for(what)).await;
        state
            .expect("in time")
            .expect("the registration goes on")
            .clone()
    }

    async fn close(self) {
        let report = self.tree.close(Instant::now() + LIMIT).await;
        assert!(report.on_time(), "{report:?}");
    }
}

fn instance() -> ServiceInstance {
    ServiceInstance::builder("1", "name").build().unwrap()
}

fn is_degraded(state: &RegistrationState) -> bool {
    matches!(state, RegistrationState::Degraded { .. })
}

fn is_registered(state: &RegistrationState) -> bool {
    matches!(state, RegistrationState::Registered)
}

async fn conforms(manner: Manner) {
    let tree = TaskTree::new("registry");
    let registry = Leased::start(tree.scope(), manner);
    conformance::run(|scope| registry.open(scope)).await;
    tree.close(Instant::now() + LIMIT).await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_with_leases_conforms() {
    conforms(Manner::Right).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "the instance was not left as it was")]
async fn a_backend_that_keeps_alive_only_what_it_watches_does_not_conform() {
    conforms(Manner::BeatsInHold).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "before anything was written")]
async fn a_backend_that_has_nothing_to_keep_and_says_so_does_not_conform() {
    conforms(Manner::Hasty).await;
}

#[tokio::test(start_paused = true)]
#[should_panic(expected = "because of its own change")]
async fn a_backend_that_takes_its_own_change_for_a_loss_does_not_conform() {
    conforms(Manner::Jealous).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_change_leaves_the_value_before_it_for_as_long_as_it_is_refused() {
    let case = Case::registered().await;
    case.registry.answer(Answer::Refuse);
    case.registration.set_metadata("weight", "10").unwrap();
    let state = case.is(is_degraded).await;
    assert_eq!(
        state.to_string(),
        "shown as before the change of metadata 'weight': cannot register name/1: leased refused: \
         too large"
    );
    let mut changes = case.registry.changes();
    pass(TTL * 100).await;
    assert!(!changes.has_changed().unwrap(), "an entry came or went");
    assert_eq!(case.weight().as_deref(), Some(""));
    // With back-off: about 40 in 300 s.
    let attempts = case.registry.count(Call::Register);
    assert!((20..80).contains(&attempts), "{attempts}");

    case.registry.answer(Answer::Yes);
    changes.changed().await.unwrap();
    case.is(is_registered).await;
    assert_eq!(case.weight().as_deref(), Some("10"));
    case.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_kept_alive_while_an_answer_is_awaited_and_while_the_registry_is_away() {
    for answer in [Answer::Never, Answer::Unreachable] {
        let case = Case::registered().await;
        case.registry.answer(answer);
        case.registration.set_metadata("weight", "10").unwrap();
        pass(TTL * 100).await;
        assert_eq!(case.weight().as_deref(), Some(""), "{answer:?}");
        let alive = case.registry.count(Call::KeepAlive);
        assert_eq!(alive, 1, "one call of keep_alive for all of it");
        case.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_while_a_change_is_refused_is_put_back_as_it_was() {
    let case = Case::registered().await;
    case.registry.answer(Answer::Refuse);
    case.registration.set_metadata("weight", "10").unwrap();
    case.is(|state| matches!(state, RegistrationState::Degraded { shown: Some(_), .. }))
        .await;
    case.registry.wipe().await;
    case.is(|state| matches!(state, RegistrationState::Degraded { shown: None, .. }))
        .await;
    // It takes the value before, and still not the change.
    let refused = case.registration.instance();
    case.registry.refuse_only(&refused);
    let state = case
        .is(|state| matches!(state, RegistrationState::Degraded { shown: Some(_), .. }))
        .await;
    assert!(state.to_string().starts_with("shown as before"), "{state}");
    assert_eq!(case.weight().as_deref(), Some(""));
    case.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_right_after_an_outage_is_back_within_the_first_delay() {
    let case = Case::registered().await;
    for _ in 0..20 {
        case.registry.answer(Answer::Unreachable);
        case.registry.wipe().await;
        // Long enough for the longest delays between attempts.
        pass(Duration::from_secs(300)).await;
        case.registry.answer(Answer::Yes);
        case.is(is_registered).await;

        pass(Duration::from_secs(1)).await;
        case.registry.wipe().await;
        case.is(is_degraded).await;
        let began = Instant::now();
        case.is(is_registered).await;
        let took = began.elapsed();
        assert!(took <= Duration::from_millis(200), "{took:?}");
    }
    case.close().await;
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_takes_and_drops_is_not_hammered() {
    let case = Case::registered().await;
    let registry = case.registry.clone();
    let drops = async {
        loop {
            case.is(is_registered).await;
            registry.wipe().await;
            case.is(is_degraded).await;
        }
    };
    let ten_minutes = Duration::from_secs(600);
    let _elapsed = tokio::time::timeout(ten_minutes, drops).await;
    // Delays of 7.5 s on average once they are as long as they become.
    let attempts = case.registry.count(Call::Register);
    assert!((40..160).contains(&attempts), "{attempts}");
    case.close().await;
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_expires_while_a_change_is_on_its_way_is_degraded_at_once_and_registered_again()
 {
    let case = Case::registered().await;
    // The change is written, and its answer never comes: the call is given up after 15 s.
    case.registry.answer(Answer::WriteOnly);
    case.registration.set_metadata("weight", "10").unwrap();
    pass(Duration::from_secs(1)).await;
    case.registry.wipe().await;
    let began = Instant::now();
    case.is(is_degraded).await;
    assert!(began.elapsed() <= TTL, "{:?}", began.elapsed());
    case.registry.answer(Answer::Yes);
    case.is(is_registered).await;
    assert_eq!(case.weight().as_deref(), Some("10"));
    case.close().await;
}

#[tokio::test(start_paused = true)]
async fn keep_alive_is_called_again_within_a_second_whatever_the_writes_do() {
    for answer in [Answer::Never, Answer::Unreachable, Answer::Refuse] {
        let case = Case::registered().await;
        case.registry.answer(answer);
        case.registration.set_metadata("weight", "10").unwrap();
        pass(TTL * 10).await;
        for lost in 1..10 {
            case.registry.wipe().await;
            // It ends at its next beat.
            pass(TTL / 3 + Duration::from_secs(1)).await;
            let calls = case.registry.count(Call::KeepAlive);
            assert_eq!(calls, lost + 1, "{answer:?}");
            case.registry.restore();
            pass(Duration::from_millis(1)).await;
        }
        case.close().await;
    }
}

#[tokio::test(start_paused = true)]
async fn keep_alive_begins_before_the_first_write_and_ends_before_the_removal() {
    let case = Case::registered().await;
    case.registration.set_metadata("weight", "10").unwrap();
    pass(TTL * 3).await;
    case.registration.deregister().await.unwrap();
    let calls: Vec<_> = case
        .registry
        .calls()
        .into_iter()
        .map(|(_, call)| call)
        .collect();
    assert_eq!(
        calls,
        [
            Call::KeepAlive,
            Call::Register,
            Call::Hold,
            Call::Register,
            Call::Hold,
            Call::KeepAliveDropped,
            Call::Deregister,
        ]
    );
    assert!(case.registry.shown().is_none());
    case.close().await;
}
