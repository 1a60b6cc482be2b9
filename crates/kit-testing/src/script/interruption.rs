//! The one thing that interrupts a run.

/// What interrupts a run, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// The number of the event at which it comes; 0 is before the run, when signals have nothing to go to: they come
    /// at the first event then.
    pub event: u64,
    /// How long after that event. With 0 it comes where the event is emitted.
    pub after: u64,
    /// What it is.
    pub what: What,
}

/// What interrupts a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing: the app runs until its [`ends_at`](super::Options::ends_at).
    Nothing,
    /// A request by the handle.
    StopByHandle,
    /// Signals, each this long after the one before it.
    Signals(Vec<(u64, i32)>),
    /// The token in which the app is embedded is cancelled.
    ParentEnds,
    /// The task of this server fails.
    ServerDies(usize),
    /// This registry loses the instance.
    RegistrationIsLost(usize),
    /// A reload by request.
    IsReloaded,
    /// A drain by request; it is taken back after this time, or holds until the stop.
    IsDrained(Option<u64>),
}

impl Interruption {
    /// None at all.
    #[must_use]
    pub fn none() -> Interruption {
        Interruption {
            event: 0,
            after: 0,
            what: What::Nothing,
        }
    }
}
