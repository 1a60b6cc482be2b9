//! Each message in its time, over a socket.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use kit_sync::Cause;

use super::*;
use crate::Event;

const READY: Condition = Condition {
    silent: None,
    step_end: None,
};

fn sending(socket: &Path, watchdog: Option<Duration>) -> Sending {
    let notifier = Notifier::new(socket.to_str().unwrap()).watchdog(watchdog);
    let sender = Sender::open(&notifier.address().unwrap()).unwrap();
    Sending::new(&notifier, sender)
}

/// Sends until nothing more is taken.
fn fill(socket: &Path) {
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    let is_full = |result: std::io::Result<usize>| {
        result.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    while !is_full(sender.send_to(b"X=1", socket)) {}
}

#[test]
fn pings_have_a_period_that_can_be_kept_for_any_interval() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    for interval in [Duration::MAX, Duration::from_nanos(1)] {
        let mut sending = sending(&path, Some(interval));
        let begun = Instant::now();
        sending.send_due(&Outbox::default(), &READY, String::new);
        let mut buffer = [0; 64];
        let length = manager.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], PING.as_bytes());
        manager.recv(&mut buffer).unwrap();
        let next = sending.next_round(begun + YEAR * 2);
        assert!(next >= begun + SHORTEST_PING_PERIOD, "{interval:?}");
    }
}

/// A service manager that was not there at first is one that only reads late, once it is there.
#[tokio::test(start_paused = true)]
async fn what_a_manager_that_came_late_has_not_taken_is_owed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let (mut sending, outbox) = (sending(&path, None), Outbox::default());
    sending.send_due(&outbox, &READY, String::new);
    assert!(sending.take_trouble().is_some());
    assert!(!sending.is_owing(&outbox), "nothing would take it");

    let _manager = UnixDatagram::bind(&path).unwrap();
    tokio::time::advance(RETRY_UNREACHED).await;
    sending.send_due(&outbox, &READY, String::new);
    assert!(!sending.is_owing(&outbox), "it was taken");

    fill(&path);
    outbox.follow(&Event::RunDropped);
    sending.send_due(&outbox, &READY, String::new);
    assert!(sending.is_owing(&outbox));
    assert!(sending.take_trouble().is_none());
}

/// The app's events have led to this course.
fn on_course(course: Course) -> Outbox {
    let outbox = Outbox::default();
    let ready = || Event::Ready {
        took: Duration::ZERO,
        not_ready: Vec::new(),
        stop: Vec::new(),
    };
    let reload = || Event::ReloadStarting {
        cause: Cause::Requested("test".to_owned()),
    };
    let events = match course {
        Course::Starting => Vec::new(),
        Course::Ready => vec![ready()],
        Course::Reloading => vec![ready(), reload()],
        Course::Stopping => vec![ready(), Event::RunDropped],
    };
    events.iter().for_each(|event| outbox.follow(event));
    assert_eq!(outbox.course(), course);
    outbox
}

/// How much longer the service manager has been asked to wait since the last call, in seconds.
fn asked(manager: &UnixDatagram) -> Vec<u64> {
    let mut asked = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(length) = manager.recv(&mut buffer) {
        let message = std::str::from_utf8(&buffer[..length]).unwrap();
        if let Some(time) = message.strip_prefix("EXTEND_TIMEOUT_USEC=") {
            asked.push(time.parse::<u64>().unwrap() / 1_000_000);
        }
    }
    asked
}

fn within(time: Duration) -> Condition {
    Condition {
        silent: None,
        step_end: Some(Instant::now() + time),
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn more_time_is_asked_for_while_a_step_is_within_its_limit_unless_the_app_is_ready() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_nonblocking(true).unwrap();
    for course in [Course::Starting, Course::Reloading, Course::Stopping] {
        let (mut sending, outbox) = (sending(&path, None), on_course(course));
        let long = within(SECOND * 60);
        let mut rounds = Vec::new();
        for _ in 0..3 {
            sending.send_due(&outbox, &long, String::new);
            rounds.push(asked(&manager));
            tokio::time::advance(EXTENSION_PERIOD / 2).await;
        }
        assert_eq!(rounds, [vec![15], vec![], vec![15]], "{course:?}");
        tokio::time::advance(EXTENSION_PERIOD).await;
        sending.send_due(&outbox, &within(SECOND * 4), String::new);
        assert_eq!(
            asked(&manager),
            [9],
            "{course:?}: the rest of it, and a little"
        );
        tokio::time::advance(EXTENSION_PERIOD).await;
        sending.send_due(&outbox, &within(Duration::ZERO), String::new);
        assert_eq!(asked(&manager), [0; 0], "{course:?}: its limit has passed");
        // Such as that of a stop in which the process stood still.
        sending.send_due(&outbox, &within(SECOND * 7), String::new);
        assert_eq!(asked(&manager), [12], "{course:?}: the limit has moved");
    }
    let (mut sending, outbox) = (sending(&path, None), on_course(Course::Ready));
    sending.send_due(&outbox, &within(SECOND * 60), String::new);
    assert_eq!(asked(&manager), [0; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_runtime_that_makes_no_progress_is_given_no_time_until_it_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_nonblocking(true).unwrap();
    let (mut sending, outbox) = (sending(&path, None), on_course(Course::Starting));
    let silent = Condition {
        silent: Some(SECOND),
        ..within(SECOND * 60)
    };
    sending.send_due(&outbox, &silent, String::new);
    assert_eq!(asked(&manager), [0; 0]);
    sending.send_due(&outbox, &within(SECOND * 60), String::new);
    assert_eq!(asked(&manager), [15]);
}
