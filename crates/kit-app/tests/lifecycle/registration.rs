//! The events of a registry that fails: each failure once, then seldom, and its end.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use kit_app::{App, Delivery, Event, RegisterAtStart, Signals};
use kit_registry::{Error, Registrar, RegistrationState, Remarks, ServiceInstance};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::fakes::{self, Record, assert_nothing_alive, run_and_stop};

/// Answers as the test says.
#[derive(Clone)]
struct Switched(watch::Sender<Answer>);

#[derive(Clone, Copy, PartialEq)]
enum Answer {
    Yes,
    Unreachable,
    /// Values with metadata are refused.
    RefuseMetadata,
}

#[async_trait]
impl Registrar for Switched {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        let answer = *self.0.borrow();
        let attempt = format!("register {}", instance.name());
        match answer {
            Answer::Unreachable => Err(Error::unreachable(attempt, "fake at h:1", "refused")),
            Answer::RefuseMetadata if !instance.metadata().is_empty() => Err(Error::refused(
                attempt,
                "fake at h:1",
                "request is too large",
            )),
            _ => Ok(()),
        }
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        Ok(())
    }
}

/// The events about the registration, with the second in which each came.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<(u64, String)>>>);

impl Lines {
    fn all(&self) -> Vec<(u64, String)> {
        self.0.lock().unwrap().clone()
    }
}

fn app(answer: Answer) -> (App, Switched, Lines) {
    let switched = Switched(watch::Sender::new(answer));
    let lines = Lines::default();
    let (signals, _sender) = Signals::manual();
    let (seen, began) = (lines.clone(), Instant::now());
    let app = App::builder("app")
        .signals(signals)
        .event_delivery(Delivery::Inline)
        .registrar("fake", switched.clone())
        .register_at_start(RegisterAtStart::Background)
        .observer(move |event| {
            let line = match &event.event {
                Event::RegistrationLost { why, failures, .. } => format!("lost{failures}: {why}"),
                Event::RegistrationOutdated { why, failures, .. } => {
                    format!("outdated{failures}: {why}")
                }
                Event::Registered { .. } => "registered".to_owned(),
                _ => return,
            };
            let second = began.elapsed().as_secs();
            seen.0.lock().unwrap().push((second, line));
        })
        .build();
    (app, switched, lines)
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_away_has_a_handful_of_events_and_one_when_it_is_back() {
    let (app, switched, lines) = app(Answer::Unreachable);
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_secs(8)).await;
        let why = "cannot register app: fake at h:1 is unreachable: refused";
        assert_eq!(lines.all(), [(0, format!("lost: {why}"))]);
        sleep(Duration::from_secs(32)).await;
        assert!((2..=3).contains(&lines.all().len()), "{:#?}", lines.all());
        switched.0.send_replace(Answer::Yes);
        sleep(Duration::from_secs(60)).await;
        let all = lines.all();
        assert_eq!(all.last().unwrap().1, "registered");
        assert!(all[1].1.contains(" times in 1"), "{all:#?}");
        handle.stop("done");
    });
    report.unwrap();
    assert_nothing_alive();
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_is_an_event_with_the_value_that_is_shown_instead() {
    let (app, switched, lines) = app(Answer::RefuseMetadata);
    let handle = app.handle();
    let (report, ()) = tokio::join!(app.run(), async {
        handle.started().await.unwrap();
        sleep(Duration::from_secs(1)).await;
        handle.set_metadata("note", "large").unwrap();
        sleep(Duration::from_secs(8)).await;
        let expected = "outdated: shown as before the change of metadata 'note': cannot register \
                        app: fake at h:1 refused: request is too large";
        assert_eq!(
            lines.all(),
            [(0, "registered".to_owned()), (1, expected.to_owned())]
        );
        let state = handle.registrations().remove(0).state;
        assert!(
            matches!(state, RegistrationState::Degraded { shown: Some(_), .. }),
            "{state}"
        );
        switched.0.send_replace(Answer::Yes);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(lines.all().last().unwrap().1, "registered");
        // A change that is accepted is no event.
        let count = lines.all().len();
        handle.set_metadata("note", "small").unwrap();
        sleep(Duration::from_secs(1)).await;
        assert_eq!(lines.all().len(), count);
        handle.stop("done");
    });
    report.unwrap();
    assert_nothing_alive();
}

/// Remarks each registration.
struct Remarking(Remarks);

#[async_trait]
impl Registrar for Remarking {
    async fn register(&self, instance: &ServiceInstance) -> Result<(), Error> {
        self.0
            .add(format!("fake: {} may not be read", instance.name()));
        Ok(())
    }

    async fn deregister(&self, _: &ServiceInstance) -> Result<(), Error> {
        Ok(())
    }

    fn remarks(&self) -> Remarks {
        self.0.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_remark_of_a_registrar_is_an_event_and_in_the_report() {
    let record = Record::default();
    let (builder, _signals) = fakes::app(&record);
    let builder = builder.registrar("fake", Remarking(Remarks::new()));
    let report = run_and_stop(builder.build()).await.unwrap();
    assert_eq!(report.exit_code, 0);
    assert_eq!(report.remarks, ["fake: app may not be read"]);
    record.assert_order(&["remark: fake: app may not be read", "registered fake"]);
}
