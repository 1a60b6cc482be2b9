//! The recording of a run: its events, the deeds and sights of its parts, and the tasks that were left.

mod part;
mod print;

use std::time::Duration;

use kit_app::{Event, Report};

pub use part::{Act, Part, Point, Sight};

/// Everything that was seen of a run.
#[derive(Clone, Debug)]
pub struct Recording {
    /// In the order in which it happened.
    pub entries: Vec<Entry>,
    /// How the run has ended; `None` when it has not, within an hour.
    pub end: Option<End>,
    /// The tasks of parts that were alive 100 ms after the end.
    pub left: Vec<(Part, Point)>,
    /// How many tasks the runtime had then.
    pub left_tasks: usize,
}

/// One thing that was seen.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Since the beginning of the run.
    pub at: Duration,
    /// Whether the app was ready at that moment. Not asked where a part begins or ends something.
    pub is_ready: Option<bool>,
    /// What it is.
    pub seen: Seen,
}

/// An entry without its time.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "half of the entries are events")]
pub enum Seen {
    /// An event of the app.
    Event(Event),
    /// Something that a part did or saw.
    Sight(Sight),
    /// A step of the interruption, which comes next.
    Interruption(Step),
    /// The run has returned.
    Returned,
}

/// A step of an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The handle asks for the stop.
    Stop,
    /// A signal comes.
    Signal(i32),
    /// The token of the parent is cancelled.
    ParentEnds,
    /// The task of this server fails.
    ServerDies(usize),
    /// This registry loses the instance.
    RegistrationIsLost(usize),
    /// A reload is asked for.
    Reload,
    /// A drain is asked for.
    Drain,
    /// It is taken back.
    Undrain,
}

/// How a run has ended.
#[derive(Clone, Debug)]
pub struct End {
    /// The failure that came first, as text.
    pub error: Option<String>,
    /// The report.
    pub report: Report,
}

impl Recording {
    /// The events with their times.
    pub fn events(&self) -> impl DoubleEndedIterator<Item = (Duration, &Event)> + Clone {
        self.entries.iter().filter_map(|entry| match &entry.seen {
            Seen::Event(event) => Some((entry.at, event)),
            _ => None,
        })
    }

    /// What the parts did and saw.
    pub fn sights(&self) -> impl DoubleEndedIterator<Item = (Duration, Sight)> + Clone {
        self.entries.iter().filter_map(|entry| match &entry.seen {
            Seen::Sight(sight) => Some((entry.at, *sight)),
            _ => None,
        })
    }

    /// When the request to stop had its event.
    #[must_use]
    pub fn stop_asked(&self) -> Option<Duration> {
        let mut events = self.events();
        let asked = events.find(|(_, event)| matches!(event, Event::StopAsked { .. }));
        asked.map(|(at, _)| at)
    }

    /// When the run has returned.
    #[must_use]
    pub fn returned(&self) -> Option<Duration> {
        let mut entries = self.entries.iter();
        let returned = entries.find(|entry| matches!(entry.seen, Seen::Returned));
        returned.map(|entry| entry.at)
    }

    /// Whether a signal has forced the stop.
    #[must_use]
    pub fn is_forced(&self) -> bool {
        self.events()
            .any(|(_, event)| matches!(event, Event::Forced { .. }))
    }
}
