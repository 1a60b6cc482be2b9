use std::future::pending;

use super::*;

/// Entries that answer as they are set to, and note each call.
#[derive(Default)]
struct Scripted {
    calls: Mutex<Vec<(Instant, String)>>,
    answer: Mutex<Answer>,
    held: Mutex<Option<LossReason>>,
}

#[derive(Clone, Copy, Default)]
enum Answer {
    #[default]
    Yes,
    Lost,
    No,
    Never,
}

impl Scripted {
    async fn answer(&self, call: String) -> Result<(), Error> {
        kit_sync::lock(&self.calls).push((Instant::now(), call));
        let answer = *kit_sync::lock(&self.answer);
        match answer {
            Answer::Yes => Ok(()),
            Answer::Lost => Err(Error::lost("n/1", LossReason::Expired)),
            Answer::No => Err(Error::unreachable("call", "scripted", "no route")),
            Answer::Never => pending().await,
        }
    }

    fn set(&self, answer: Answer) {
        *kit_sync::lock(&self.answer) = answer;
    }

    fn calls(&self) -> Vec<String> {
        let calls = kit_sync::lock(&self.calls);
        calls.iter().map(|(_, call)| call.clone()).collect()
    }
}

#[async_trait]
impl Entries for Scripted {
    async fn write(&self, _: &ServiceInstance, is_first: bool) -> Result<(), Error> {
        self.answer(format!("write {is_first}")).await
    }

    async fn prolong(&self, _: &ServiceInstance) -> Result<(), Error> {
        self.answer("prolong".to_owned()).await
    }

    async fn hold(&self, _: &ServiceInstance) -> LossReason {
        let held = kit_sync::lock(&self.held).take();
        match held {
            Some(reason) => reason,
            None => pending().await,
        }
    }

    async fn remove(&self, _: &ServiceInstance) -> Result<(), Error> {
        self.answer("remove".to_owned()).await
    }
}

const TTL: Duration = Duration::from_secs(12);

fn leased() -> (Arc<Scripted>, LeasedRegistrar<Scripted>, ServiceInstance) {
    let scripted = Arc::<Scripted>::default();
    let leased = LeasedRegistrar::new(Arc::clone(&scripted), TTL);
    let instance = ServiceInstance::builder("1", "n").build().unwrap();
    (scripted, leased, instance)
}

#[tokio::test]
async fn the_first_write_takes_over_until_one_has_succeeded_and_again_after_a_removal() {
    let (scripted, leased, instance) = leased();
    leased.deregister(&instance).await.unwrap();
    scripted.set(Answer::No);
    leased.register(&instance).await.unwrap_err();
    scripted.set(Answer::Yes);
    for _ in 0..2 {
        leased.register(&instance).await.unwrap();
    }
    leased.deregister(&instance).await.unwrap();
    leased.deregister(&instance).await.unwrap();
    leased.register(&instance).await.unwrap();
    let calls = [
        "write true",
        "write true",
        "write false",
        "remove",
        "write true",
    ];
    assert_eq!(scripted.calls(), calls);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_was_dropped_and_a_removal_that_failed_are_removed() {
    let (scripted, leased, instance) = leased();
    scripted.set(Answer::Never);
    let dropped = tokio::time::timeout(TTL, leased.register(&instance)).await;
    assert!(dropped.is_err());
    scripted.set(Answer::No);
    leased.deregister(&instance).await.unwrap_err();
    scripted.set(Answer::Yes);
    leased.deregister(&instance).await.unwrap();
    assert_eq!(scripted.calls(), ["write true", "remove", "remove"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_is_prolonged_three_times_in_its_time_to_live_and_not_without_a_write() {
    let (scripted, leased, instance) = leased();
    let waits = tokio::time::timeout(TTL * 2, leased.keep_alive(&instance)).await;
    assert!(waits.is_err() && scripted.calls().is_empty());
    leased.register(&instance).await.unwrap();
    let beats = tokio::time::timeout(TTL * 2 + TTL / 6, leased.keep_alive(&instance)).await;
    assert!(beats.is_err());
    assert_eq!(scripted.calls()[1..], ["prolong"; 6]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_repeated_until_two_thirds_of_the_time_to_live() {
    let (scripted, leased, instance) = leased();
    leased.register(&instance).await.unwrap();
    scripted.set(Answer::No);
    let begun = Instant::now();
    let reason = leased.keep_alive(&instance).await;
    assert!(matches!(reason, LossReason::Unreachable(_)), "{reason}");
    assert_eq!(begun.elapsed(), TTL * 2 / 3);
    assert_eq!(scripted.calls()[1..], ["prolong"; 5]);
    // The entry may still be there.
    scripted.set(Answer::Yes);
    let beats = tokio::time::timeout(TTL / 2, leased.keep_alive(&instance)).await;
    assert!(beats.is_err());
    assert_eq!(scripted.calls().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_loss_is_said_once_and_ends_the_beats_until_the_next_write() {
    let (scripted, leased, instance) = leased();
    leased.register(&instance).await.unwrap();
    scripted.set(Answer::Lost);
    let reason = leased.keep_alive(&instance).await;
    assert!(matches!(reason, LossReason::Expired), "{reason}");
    let waits = tokio::time::timeout(TTL * 2, leased.keep_alive(&instance)).await;
    assert!(waits.is_err());
    assert_eq!(scripted.calls(), ["write true", "prolong"]);
    // A write that finds another owner leaves nothing to prolong.
    leased.register(&instance).await.unwrap_err();
    let waits = tokio::time::timeout(TTL * 2, leased.keep_alive(&instance)).await;
    assert!(waits.is_err());
    assert_eq!(scripted.calls()[2..], ["write false"]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_whose_watch_saw_its_end_is_not_prolonged_and_one_that_was_changed_is() {
    let by = "another process".to_owned();
    for (reason, beats) in [
        (LossReason::TakenOver { by }, 0),
        (LossReason::Missing, 0),
        (LossReason::Changed, 3),
    ] {
        let (scripted, leased, instance) = leased();
        leased.register(&instance).await.unwrap();
        *kit_sync::lock(&scripted.held) = Some(reason.clone());
        let seen = leased.hold(&instance).await;
        assert_eq!(seen.to_string(), reason.to_string());
        let waits = tokio::time::timeout(TTL * 7 / 6, leased.keep_alive(&instance)).await;
        assert!(waits.is_err());
        assert_eq!(scripted.calls()[1..], vec!["prolong"; beats], "{reason}");
        leased.register(&instance).await.unwrap();
        let waits = tokio::time::timeout(TTL / 2, leased.keep_alive(&instance)).await;
        assert!(waits.is_err());
        assert_eq!(scripted.calls().last().unwrap(), "prolong");
    }
}
