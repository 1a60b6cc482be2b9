//! The parts of a scripted app, and what they do and see.

use std::fmt;

use kit_app::HookStage;

/// A part of a scripted app, by its place in the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A server.
    Server(usize),
    /// A worker.
    Worker(usize),
    /// A group of workers.
    Group(usize),
    /// A worker of a group, by the place of the group and its own.
    Member(usize, usize),
    /// A job, or periodic work.
    Job(usize),
    /// A hook.
    Hook(HookStage, usize),
    /// A hook of a reload.
    Reload(usize),
    /// A resource.
    Resource(usize),
    /// A registry.
    Registry(usize),
    /// A check.
    Check(usize),
    /// A last step.
    LastStep(usize),
}

/// A point at which a part behaves as its script says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The call of a hook, also one of a reload, of a check or a last step.
    Call,
    /// The `start` of a server.
    Start,
    /// The task of a server: it accepts from its beginning until it is cancelled.
    Serve,
    /// The `stop` of a server.
    Stop,
    /// The `open` of a resource.
    Open,
    /// The `close` of a resource.
    Close,
    /// A run of a worker or a job.
    Run,
    /// An item that a worker has taken.
    Item,
    /// A readiness latch that a part holds. It ends when it is opened, and is cut when it is dropped.
    Latch,
    /// A task that a part has spawned beside.
    Spawned,
    /// A call of a registry's `register`.
    Register,
    /// A call of its `keep_alive`.
    KeepAlive,
    /// A call of its `deregister`.
    Deregister,
}

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// It begins.
    Begins,
    /// It sees that its token is cancelled, and goes on.
    SeesCancel,
    /// It ends with `Ok`.
    Ends,
    /// It ends with an error.
    Fails,
    /// It panics.
    Panics,
    /// It is dropped before any of these.
    IsCut,
}

/// Something that a part did or saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The part.
    pub part: Part,
    /// The point.
    pub point: Point,
    /// What happened.
    pub act: Act,
}

impl Sight {
    /// Whether it is this.
    #[must_use]
    pub fn is(&self, point: Point, act: Act) -> bool {
        self.point == point && self.act == act
    }
}

impl Act {
    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        !matches!(self, Act::Begins | Act::SeesCancel)
    }

    /// Whether it is a failure.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        matches!(self, Act::Fails | Act::Panics)
    }
}

impl Part {
    /// The component that it is, or belongs to.
    #[must_use]
    pub fn component(self) -> Option<Part> {
        match self {
            Part::Server(_) | Part::Worker(_) | Part::Group(_) | Part::Job(_) => Some(self),
            Part::Member(group, _) => Some(Part::Group(group)),
            _ => None,
        }
    }
}

/// Its name in the app; that of a worker of a group is the end of its path.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Server(index) => write!(f, "server{index}"),
            Part::Worker(index) => write!(f, "worker{index}"),
            Part::Group(index) => write!(f, "group{index}"),
            Part::Member(group, index) => write!(f, "group{group}/member{index}"),
            Part::Job(index) => write!(f, "job{index}"),
            Part::Hook(_, index) => write!(f, "hook{index}"),
            Part::Reload(index) => write!(f, "reload{index}"),
            Part::Resource(index) => write!(f, "resource{index}"),
            Part::Registry(index) => write!(f, "registry{index}"),
            Part::Check(index) => write!(f, "check{index}"),
            Part::LastStep(index) => write!(f, "step{index}"),
        }
    }
}

impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sight { part, point, act } = self;
        write!(f, "{part} {point:?} {act:?}")
    }
}
