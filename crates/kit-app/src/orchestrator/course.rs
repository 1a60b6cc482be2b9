//! Where the app stands, as a service manager sees it.

use crate::Event;

/// Where the app stands. It goes to `Stopping` once and stays there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Course {
    #[default]
    Starting,
    Ready,
    Reloading,
    Stopping,
}

/// A change of state that the service manager has to hear of, whatever it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Ready,
    Reloading,
    Stopping,
}

impl Course {
    /// Goes on with the event. Gives the changes that it makes, in order.
    ///
    /// A signal that finds nothing to reload is a reload all the same: a service manager that has sent it
    /// waits for the beginning and the end of one. An app that ends without a request to stop, because its
    /// options were refused, stops with its last event.
    pub(super) fn follow(&mut self, event: &Event) -> &'static [Change] {
        let (next, changes): (Course, &'static [Change]) = match (*self, event) {
            (Course::Stopping, _) => return &[],
            (_, Event::StopAsked { .. } | Event::RunDropped | Event::Stopped { .. }) => {
                (Course::Stopping, &[Change::Stopping])
            }
            (Course::Starting, Event::Ready { .. })
            | (Course::Reloading, Event::Reloaded { .. }) => (Course::Ready, &[Change::Ready]),
            (Course::Ready, Event::ReloadStarting { .. }) => {
                (Course::Reloading, &[Change::Reloading])
            }
            (Course::Ready, Event::NothingToReload { .. }) => {
                (Course::Ready, &[Change::Reloading, Change::Ready])
            }
            _ => return &[],
        };
        *self = next;
        changes
    }
}
