//! What the service manager has to hear, from where it happens to the thread that sends it.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};

use tokio::sync::Notify;

use super::course::{Change, Course};
use super::message::{StateMessage, monotonic_usec};
use super::status::Status;
use crate::Event;

/// Changes of state in their order, and the newest status. Written by the threads on which events are
/// emitted, for the length of a few assignments; emptied by the thread that sends.
///
/// It is bounded: a reload that the service manager has not read of gives way to a later one.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    contents: Mutex<Contents>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Contents {
    course: Course,
    states: VecDeque<StateMessage>,
    status: Status,
    is_status_new: bool,
}

impl Outbox {
    /// Notes what follows from the event. The instant of a reload is that of its event, which comes after
    /// every request that it is the answer to.
    pub(crate) fn follow(&self, event: &Event) {
        let mut contents = self.lock();
        let changes = contents.course.follow(event);
        for change in changes {
            contents.push(*change);
        }
        let course = contents.course;
        let has_status = contents.status.follow(event, course);
        contents.is_status_new |= has_status;
        drop(contents);
        if has_status || !changes.is_empty() {
            self.changed.notify_one();
        }
    }

    pub(super) fn course(&self) -> Course {
        self.lock().course
    }

    /// Resolves when something was noted since the last call.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The next change of state, and whether it is the last one so far.
    pub(super) fn next_state(&self) -> Option<(StateMessage, bool)> {
        let contents = self.lock();
        let next = contents.states.front().copied()?;
        Some((next, contents.states.len() == 1))
    }

    /// The service manager has heard of the state.
    pub(super) fn mark_sent(&self, state: StateMessage) {
        let mut contents = self.lock();
        if contents.states.front() == Some(&state) {
            contents.states.pop_front();
        }
    }

    /// The status as it is now.
    pub(super) fn status(&self) -> Status {
        self.lock().status.clone()
    }

    /// Takes the sign that the status has changed.
    pub(super) fn take_status_is_new(&self) -> bool {
        std::mem::take(&mut self.lock().is_status_new)
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        kit_sync::lock(&self.contents)
    }
}

impl Contents {
    fn push(&mut self, change: Change) {
        let state = match change {
            Change::Ready => StateMessage::Ready,
            Change::Stopping => StateMessage::Stopping,
            Change::Reloading => {
                self.drop_older_reload();
                StateMessage::Reloading {
                    monotonic_usec: monotonic_usec(),
                }
            }
        };
        self.states.push_back(state);
    }

    fn drop_older_reload(&mut self) {
        let is_reload = |state: &StateMessage| matches!(state, StateMessage::Reloading { .. });
        if let Some(older) = self.states.iter().position(is_reload) {
            self.states.truncate(older);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kit_sync::Cause;

    use super::*;

    fn ready() -> Event {
        Event::Ready {
            took: Duration::ZERO,
            not_ready: Vec::new(),
            stop: Vec::new(),
        }
    }

    fn reload() -> [Event; 2] {
        let cause = Cause::Requested("test".to_owned());
        let took = Duration::ZERO;
        [
            Event::ReloadStarting { cause },
            Event::Reloaded { took, failed: 0 },
        ]
    }

    fn waiting(outbox: &Outbox) -> Vec<String> {
        let name = |state: &StateMessage| match state {
            StateMessage::Ready => "ready".to_owned(),
            StateMessage::Reloading { .. } => "reloading".to_owned(),
            StateMessage::Stopping => "stopping".to_owned(),
        };
        outbox.lock().states.iter().map(name).collect()
    }

    #[test]
    fn reloads_that_nothing_has_read_of_are_one() {
        let outbox = Outbox::default();
        outbox.follow(&ready());
        for _ in 0..1_000 {
            reload().iter().for_each(|event| outbox.follow(event));
        }
        assert_eq!(waiting(&outbox), ["ready", "reloading", "ready"]);
        outbox.follow(&Event::RunDropped);
        reload().iter().for_each(|event| outbox.follow(event));
        assert_eq!(
            waiting(&outbox),
            ["ready", "reloading", "ready", "stopping"]
        );
    }

    #[test]
    fn what_is_sent_is_taken_away_and_nothing_that_came_meanwhile() {
        let outbox = Outbox::default();
        outbox.follow(&ready());
        let (state, is_last) = outbox.next_state().unwrap();
        assert!(is_last);
        outbox.follow(&Event::RunDropped);
        outbox.mark_sent(state);
        outbox.mark_sent(state);
        assert_eq!(waiting(&outbox), ["stopping"]);
    }

    #[test]
    fn an_app_that_is_refused_stops_with_its_last_event() {
        let outbox = Outbox::default();
        let took = Duration::ZERO;
        outbox.follow(&Event::Stopped { took, exit_code: 1 });
        assert_eq!(waiting(&outbox), ["stopping"]);
    }
}
