//! The rows and the columns of the table: where something fails, and how.

/// A place in the life of an app at which something of its author's runs, or may be interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    BeforeStart,
    Open,
    FirstServerStarts,
    AwaitedJob,
    WorkerBegins,
    JobBegins,
    PeriodicBegins,
    LaterServerStarts,
    Latch,
    FirstCheck,
    Registration,
    AfterStart,
    ServerRuns,
    WorkerRuns,
    JobRuns,
    PeriodicRuns,
    HookTask,
    Reload,
    BeforeStop,
    Deregistration,
    DrainDelay,
    ServerDrains,
    ServerStops,
    WorkerDrains,
    JobDrains,
    PeriodicDrains,
    Close,
    AfterStop,
    LastStep,
}

/// What happens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Panic,
    /// It returns without an error.
    Ends,
    /// It does not return until its token is cancelled, then with an error.
    Slow,
    /// It never returns.
    Deaf,
    /// A SIGTERM comes, and it returns with an error when its token is cancelled.
    CalledOff,
    /// A SIGTERM comes, and it never returns.
    CalledOffDeaf,
    /// A SIGTERM comes, a SIGQUIT a second later, and it never returns.
    Forced,
}

impl Point {
    pub(crate) const ALL: [Point; 29] = [
        Point::BeforeStart,
        Point::Open,
        Point::FirstServerStarts,
        Point::AwaitedJob,
        Point::WorkerBegins,
        Point::JobBegins,
        Point::PeriodicBegins,
        Point::LaterServerStarts,
        Point::Latch,
        Point::FirstCheck,
        Point::Registration,
        Point::AfterStart,
        Point::ServerRuns,
        Point::WorkerRuns,
        Point::JobRuns,
        Point::PeriodicRuns,
        Point::HookTask,
        Point::Reload,
        Point::BeforeStop,
        Point::Deregistration,
        Point::DrainDelay,
        Point::ServerDrains,
        Point::ServerStops,
        Point::WorkerDrains,
        Point::JobDrains,
        Point::PeriodicDrains,
        Point::Close,
        Point::AfterStop,
        Point::LastStep,
    ];

    /// Whether a stop has begun before.
    pub(crate) fn is_in_the_stop(&self) -> bool {
        match self {
            Point::BeforeStart
            | Point::Open
            | Point::FirstServerStarts
            | Point::AwaitedJob
            | Point::WorkerBegins
            | Point::JobBegins
            | Point::PeriodicBegins
            | Point::LaterServerStarts
            | Point::Latch
            | Point::FirstCheck
            | Point::Registration
            | Point::AfterStart
            | Point::ServerRuns
            | Point::WorkerRuns
            | Point::JobRuns
            | Point::PeriodicRuns
            | Point::HookTask
            | Point::Reload => false,
            Point::BeforeStop
            | Point::Deregistration
            | Point::DrainDelay
            | Point::ServerDrains
            | Point::ServerStops
            | Point::WorkerDrains
            | Point::JobDrains
            | Point::PeriodicDrains
            | Point::Close
            | Point::AfterStop
            | Point::LastStep => true,
        }
    }

    /// Its name in the table, and what of the app fails there.
    pub(crate) fn names(self) -> [&'static str; 2] {
        match self {
            Point::BeforeStart => ["before_start hook", "migrate"],
            Point::Open => ["resource opens", "db"],
            Point::FirstServerStarts => ["server starts in the first phase", "pool"],
            Point::AwaitedJob => ["job for which the start waits", "seed"],
            Point::WorkerBegins => ["worker begins", "outbox"],
            Point::JobBegins => ["job begins", "import"],
            Point::PeriodicBegins => ["periodic work begins", "sweep"],
            Point::LaterServerStarts => ["server starts in a later phase", "http"],
            Point::Latch => ["latch", "cache"],
            Point::FirstCheck => ["first result of a check", "ping"],
            Point::Registration => ["registration", "store"],
            Point::AfterStart => ["after_start hook", "warm"],
            Point::ServerRuns => ["server runs", "http"],
            Point::WorkerRuns => ["worker runs", "outbox"],
            Point::JobRuns => ["job runs", "import"],
            Point::PeriodicRuns => ["periodic work runs", "sweep"],
            Point::HookTask => ["task of a hook runs", "helper"],
            Point::Reload => ["reload hook", "keys"],
            Point::BeforeStop => ["before_stop hook", "leave"],
            Point::Deregistration => ["deregistration", "store"],
            Point::DrainDelay => ["server in the drain delay", "http"],
            Point::ServerDrains => ["server drains", "http"],
            Point::ServerStops => ["stop of a server is called", "http"],
            Point::WorkerDrains => ["worker drains", "outbox"],
            Point::JobDrains => ["job drains", "import"],
            Point::PeriodicDrains => ["periodic work drains", "sweep"],
            Point::Close => ["resource closes", "db"],
            Point::AfterStop => ["after_stop hook", "farewell"],
            Point::LastStep => ["last step", "flush"],
        }
    }
}

impl Kind {
    pub(crate) const ALL: [Kind; 8] = [
        Kind::Error,
        Kind::Panic,
        Kind::Ends,
        Kind::Slow,
        Kind::Deaf,
        Kind::CalledOff,
        Kind::CalledOffDeaf,
        Kind::Forced,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Error => "error",
            Kind::Panic => "panic",
            Kind::Ends => "ends",
            Kind::Slow => "slow",
            Kind::Deaf => "deaf",
            Kind::CalledOff => "called off",
            Kind::CalledOffDeaf => "called off, deaf",
            Kind::Forced => "forced",
        }
    }
}
