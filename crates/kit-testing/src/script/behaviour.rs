//! How a part behaves at one of its points.

/// How a call goes, such as that of a hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// It returns `Ok` after this time; with 0 at its first poll.
    Succeeds(u64),
    /// It returns an error after this time.
    Fails(u64),
    /// It panics after this time.
    Panics(u64),
    /// It returns `Ok` once its token is cancelled; a call without a token never returns.
    EndsAtCancel,
    /// It returns an error once its token is cancelled; a call without a token never returns.
    FailsAtCancel,
    /// It never returns, cancelled or not.
    Hangs,
}

/// How a task goes that is to run until it is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It runs until it is cancelled, and ends this much later.
    Drains(u64),
    /// It ends with `Ok` this long after its beginning, cancelled or not.
    EndsAfter(u64),
    /// It fails this long after its beginning, unless it is cancelled before.
    FailsAfter(u64),
    /// It panics this long after its beginning, unless it is cancelled before.
    PanicsAfter(u64),
    /// It runs until it is cancelled, and fails this much later.
    FailsInDrain(u64),
    /// It runs until it is cancelled, and panics this much later.
    PanicsInDrain(u64),
    /// It never ends, cancelled or not.
    NeverEnds,
}

/// What a server, or a run of a worker, does with a readiness latch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatchUse {
    /// It takes none.
    NoLatch,
    /// Its task opens it this long after its beginning.
    OpensAfter(u64),
    /// Its task drops it, unopened, this long after its beginning.
    GivesUpAfter(u64),
    /// It holds it, and never opens it.
    NeverOpens,
}

/// What the failure of a worker or a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// The app stops.
    StopsApp,
    /// It begins anew, at most so often within a minute, after 50 ms at first.
    BeginsAnew(u64),
    /// The app goes on without it.
    IsIgnored,
}

/// Which workers of a group begin anew after the failure of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anew {
    /// All of them.
    All,
    /// That one, and those that were added after it.
    Rest,
}

impl Anew {
    /// Whether a worker begins anew after the failure of another one, or of itself, by their places.
    #[must_use]
    pub fn concerns(self, member: usize, failed: usize) -> bool {
        match self {
            Anew::All => true,
            Anew::Rest => member >= failed,
        }
    }
}
