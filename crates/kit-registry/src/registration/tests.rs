use std::collections::VecDeque;
use std::future::pending;
use std::sync::Mutex;

use async_trait::async_trait;
use kit_sync::TaskTree;
use tokio::sync::{Notify, mpsc};

use super::*;
use crate::LossReason;

/// A registrar whose answers are given beforehand, and which sends every call that it gets.
struct Fake {
    calls: mpsc::UnboundedSender<Call>,
    /// The answers to the next calls of `register` and `deregister`; `Yes` when none is left.
    answers: Mutex<VecDeque<Answer>>,
    lose: Notify,
    hold_panics: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Call {
    Register(String),
    Hold,
    Deregister,
    /// A call was dropped.
    Dropped,
}

#[derive(Clone, Copy)]
enum Answer {
    Yes,
    No,
    Panic,
    Never,
}

struct OnDrop(mpsc::UnboundedSender<Call>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        let _ = self.0.send(Call::Dropped);
    }
}

impl Fake {
    async fn answer(&self, call: Call, attempt: &str) -> Result<(), Error> {
        let _ = self.calls.send(call);
        let answer = kit_sync::lock(&self.answers).pop_front();
        match answer.unwrap_or(Answer::Yes) {
            Answer::Yes => Ok(()),
            Answer::No => Err(Error::unreachable(
                attempt,
                "fake at h:1",
                "connection refused",
            )),
            Answer::Panic => panic!("bad luck"),
            Answer::Never => {
                let _recorded = OnDrop(self.calls.clone());
                pending().await
            }
        }
    }
}

#[async_trait]
impl Registrar for Fake {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let call = Call::Register(instance.version().to_owned());
        self.answer(call, &format!("register {instance}")).await
    }

    async fn hold(&self, _instance: &ServiceInstance) -> LossReason {
        let _ = self.calls.send(Call::Hold);
        self.lose.notified().await;
        assert!(!self.hold_panics, "bad watch");
        LossReason::Missing
    }

    async fn deregister(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.answer(Call::Deregister, &format!("deregister {instance}"))
            .await
    }
}

struct Case {
    tree: TaskTree,
    fake: Arc<Fake>,
    calls: mpsc::UnboundedReceiver<Call>,
    registration: Registration,
}

impl Case {
    fn new(answers: impl IntoIterator<Item = Answer>) -> Case {
        Case::with(answers, false)
    }

    fn with(answers: impl IntoIterator<Item = Answer>, hold_panics: bool) -> Case {
        let (sender, calls) = mpsc::unbounded_channel();
        let fake = Arc::new(Fake {
            calls: sender,
            answers: Mutex::new(answers.into_iter().collect()),
            lose: Notify::new(),
            hold_panics,
        });
        let tree = TaskTree::new("test");
        let registration = Registration::spawn(tree.scope(), fake.clone(), instance("1"));
        Case {
            tree,
            fake,
            calls,
            registration,
        }
    }

    async fn expect(&mut self, calls: impl IntoIterator<Item = Call>) {
        for call in calls {
            assert_eq!(self.calls.recv().await, Some(call));
        }
    }

    async fn expect_registered(&mut self) {
        self.expect([register("1"), Call::Hold]).await;
    }
}

fn instance(version: &str) -> ServiceInstance {
    let builder = ServiceInstance::builder("id", "name").version(version);
    builder.build().unwrap()
}

fn register(version: &str) -> Call {
    Call::Register(version.to_owned())
}

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn it_registers_holds_and_deregisters() {
    let mut case = Case::new([]);
    case.registration.first(LIMIT).await.unwrap();
    case.expect_registered().await;
    case.registration.deregister().await.unwrap();
    case.expect([Call::Deregister]).await;
    case.registration.deregister().await.unwrap();
    let state = case.registration.state();
    assert!(matches!(state, RegistrationState::Withdrawn), "{state:?}");
    let report = case.tree.close(Instant::now()).await;
    assert!(report.on_time(), "{report:?}");
    assert!(case.calls.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_repeated_until_it_succeeds() {
    let mut case = Case::new([Answer::No; 50]);
    let mut state = case.registration.states();
    let first = state
        .wait_for(|s| matches!(s, RegistrationState::Degraded { .. }))
        .await
        .unwrap()
        .clone();
    let begun = Instant::now();
    state
        .wait_for(|s| matches!(s, RegistrationState::Registered))
        .await
        .unwrap();
    // Forty-nine delays below ceilings of 0.2, 0.4, 0.8 and then 1 s, because a start may be waiting.
    // Their sum is about half of the ceilings' sum, and far from both nothing and all of it.
    let took = begun.elapsed();
    assert!((10..40).contains(&took.as_secs()), "{took:?}");
    let RegistrationState::Degraded { since, .. } = first else {
        unreachable!()
    };
    assert!(since <= begun);
    for _ in 0..51 {
        case.expect([register("1")]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn first_gives_the_last_real_error_and_how_long_it_tried() {
    let case = Case::new([Answer::No; 1000]);
    let begun = Instant::now();
    let error = case.registration.first(LIMIT).await.unwrap_err();
    assert_eq!(begun.elapsed(), LIMIT);
    assert_eq!(
        error.chain().to_string(),
        "gave up after 10s: cannot register name/id: fake at h:1 is unreachable: connection refused"
    );
}

#[tokio::test(start_paused = true)]
async fn first_says_so_when_no_call_was_answered() {
    let case = Case::new([Answer::Never]);
    let error = case.registration.first(LIMIT).await.unwrap_err();
    assert_eq!(
        error.chain().to_string(),
        "cannot register name/id: no answer from the registry within 10s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_returns_is_made_again() {
    let mut case = Case::new([Answer::Never]);
    case.registration.first(LIMIT * 3).await.unwrap();
    case.expect([register("1"), Call::Dropped]).await;
    case.expect_registered().await;
}

#[tokio::test(start_paused = true)]
async fn a_loss_is_degraded_and_then_repaired() {
    let mut case = Case::new([]);
    case.registration.first(LIMIT).await.unwrap();
    case.expect_registered().await;
    let mut state = case.registration.states();
    state.mark_unchanged();
    case.fake.lose.notify_one();
    state.changed().await.unwrap();
    match &*state.borrow_and_update() {
        RegistrationState::Degraded { why, .. } => assert_eq!(
            why.to_string(),
            "name/id is no longer shown: its entry is gone"
        ),
        other => panic!("{other:?}"),
    }
    state.changed().await.unwrap();
    assert!(matches!(*state.borrow(), RegistrationState::Registered));
    case.expect_registered().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_registers_again_and_the_latest_wins() {
    let mut case = Case::new([]);
    case.expect_registered().await;
    case.registration.update(instance("2")).unwrap();
    case.expect([register("2"), Call::Hold]).await;
    case.registration.update(instance("3")).unwrap();
    case.registration.update(instance("4")).unwrap();
    case.expect([register("4"), Call::Hold]).await;
    case.registration.set_metadata("k", "v").unwrap();
    case.expect([register("4"), Call::Hold]).await;
    assert_eq!(case.registration.instance().metadata()["k"], "v");
    // The same again is no change.
    case.registration.set_metadata("k", "v").unwrap();
    case.registration.deregister().await.unwrap();
    case.expect([Call::Deregister]).await;
}

#[tokio::test(start_paused = true)]
async fn a_change_to_another_instance_is_refused() {
    let case = Case::new([]);
    let other = ServiceInstance::builder("other", "name").build().unwrap();
    let error = case.registration.update(other).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"updated instance must be of the same name and id, not "name/other""#
    );
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_too_large_as_json_is_refused_and_nothing_is_changed() {
    let mut case = Case::new([]);
    case.expect_registered().await;
    let before = case.registration.instance();
    let large = "<".repeat(300_000);
    let error = case.registration.set_metadata("note", large).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("1800002 of them the value of 'note'"),
        "{error}"
    );
    assert_eq!(case.registration.instance(), before);
    case.registration.deregister().await.unwrap();
    case.expect([Call::Deregister]).await;
}

#[tokio::test(start_paused = true)]
async fn deregister_interrupts_a_register_in_progress() {
    let mut case = Case::new([Answer::Never]);
    case.expect([register("1")]).await;
    let begun = Instant::now();
    case.registration.deregister().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    // The fence of a backend holds only when no other call runs beside it.
    case.expect([Call::Dropped, Call::Deregister]).await;
}

#[tokio::test(start_paused = true)]
async fn deregister_before_anything_was_written_is_quick() {
    let mut case = Case::new([]);
    // The task was not polled yet.
    case.registration.deregister().await.unwrap();
    assert!(case.calls.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn deregister_is_repeated_and_goes_on_when_dropped() {
    let mut case = Case::new([Answer::Yes, Answer::No, Answer::No, Answer::No]);
    case.expect_registered().await;
    let limit = Duration::from_millis(1);
    let error = case
        .registration
        .deregister_within(limit)
        .await
        .unwrap_err();
    assert_eq!(
        error.chain().to_string(),
        "gave up after 1ms: cannot deregister name/id: fake at h:1 is unreachable: connection refused"
    );
    let mut state = case.registration.states();
    state
        .wait_for(|s| matches!(s, RegistrationState::Withdrawn))
        .await
        .unwrap();
    for _ in 0..4 {
        case.expect([Call::Deregister]).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_scope_takes_the_instance_away_once() {
    let mut case = Case::new([Answer::Yes, Answer::No]);
    case.expect_registered().await;
    let begun = Instant::now();
    let report = case.tree.close(Instant::now() + LIMIT).await;
    assert!(report.on_time() && begun.elapsed() < Duration::from_secs(1));
    case.expect([Call::Deregister]).await;
    assert!(case.calls.try_recv().is_err());
    let error = case.registration.deregister().await.unwrap_err();
    assert!(matches!(error, Error::GaveUp { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_a_cancelled_scope_leaves_behind_is_remarked() {
    let mut case = Case::new([Answer::Yes, Answer::No]);
    case.expect_registered().await;
    let mut remarks = case.registration.remarks();
    case.tree.close(Instant::now() + LIMIT).await;
    assert_eq!(
        remarks.try_recv().unwrap(),
        "name/id is left in the registry until its time there runs out: being deregistered: cannot \
         deregister name/id: fake at h:1 is unreachable: connection refused"
    );
}

/// A registrar that remarks its first call.
struct Remarking(Remarks);

#[async_trait]
impl Registrar for Remarking {
    async fn register(&self, _: &ServiceInstance) -> Result<(), Error> {
        self.0.add("user and password are not used");
        Ok(())
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        Ok(())
    }

    fn remarks(&self) -> Remarks {
        self.0.clone()
    }
}

/// The task may be ahead of the thread that has spawned it.
#[tokio::test(start_paused = true)]
async fn a_remark_of_the_first_call_has_the_reader_that_comes_with_the_registration() {
    let tree = TaskTree::new("test");
    let registrar = Arc::new(Remarking(Remarks::new()));
    let (registration, mut remarks) =
        Registration::spawn_with_remarks(tree.scope(), registrar, instance("1"));
    registration.first(LIMIT).await.unwrap();
    assert_eq!(
        remarks.try_recv().unwrap(),
        "user and password are not used"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_scope_ends_a_deregistration_that_had_its_time() {
    let mut case = Case::new([Answer::Yes, Answer::Never]);
    case.expect_registered().await;
    let limit = Duration::from_secs(3);
    let error = case
        .registration
        .deregister_within(limit)
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
    let begun = Instant::now();
    let report = case.tree.close(Instant::now() + LIMIT).await;
    assert!(report.on_time(), "{report:?}");
    assert_eq!(begun.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn on_an_ended_scope_everything_says_closed() {
    let tree = TaskTree::new("test");
    tree.close(Instant::now()).await;
    let memory = Arc::new(crate::Memory::new());
    let registration = Registration::spawn(tree.scope(), memory, instance("1"));
    let error = registration.first(LIMIT).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot register name/id: its scope has ended"
    );
    let error = registration.deregister().await.unwrap_err();
    assert!(matches!(error, Error::Closed { .. }));
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_without_handles() {
    let mut case = Case::new([]);
    case.expect_registered().await;
    drop(case.registration);
    case.fake.lose.notify_one();
    assert_eq!(case.calls.recv().await, Some(register("1")));
    case.tree.close(Instant::now() + LIMIT).await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_registrar_is_an_error_of_the_call_which_is_made_again() {
    let mut case = Case::with([Answer::Panic, Answer::Yes, Answer::Yes], true);
    case.expect([register("1")]).await;
    let mut states = case.registration.states();
    let says = "cannot register name/id: the backend panicked: ";
    let degraded = states.wait_for(|state| state.why().is_some()).await;
    let why = degraded.unwrap().why().unwrap().to_string();
    assert!(why.starts_with(says) && why.ends_with("bad luck"), "{why}");
    case.expect_registered().await;
    case.registration
        .first(Duration::from_secs(1))
        .await
        .unwrap();

    case.fake.lose.notify_one();
    case.expect_registered().await;

    kit_sync::lock(&case.fake.answers).push_back(Answer::Panic);
    case.registration.deregister().await.unwrap();
    case.expect([Call::Deregister, Call::Deregister]).await;
    assert!(case.tree.close(Instant::now()).await.on_time());
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_cause_that_a_caller_gets_after_its_limit() {
    let case = Case::new([Answer::Panic; 100]);
    let error = case
        .registration
        .first(Duration::from_secs(8))
        .await
        .unwrap_err();
    let text = error.chain().to_string();
    assert!(
        text.starts_with("gave up after 8s: cannot register name/id"),
        "{text}"
    );
    assert!(text.ends_with("bad luck"), "{text}");
}
