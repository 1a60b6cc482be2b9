//! Saying what the lifecycle waits for, while it waits.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use kit_sync::{Scope, TreeSnapshot};
use tokio::time::{Instant, sleep_until};

use crate::handle::Core;
use crate::{Event, HookStage};

/// How long the lifecycle waits before it says what for.
const FIRST: Duration = Duration::from_secs(2);
/// How often it says so again.
const AGAIN: Duration = Duration::from_secs(10);
/// How many tasks or requests are named.
pub(crate) const NAMED: usize = 3;

/// What the lifecycle waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// A hook that was called.
    Hook {
        /// When it runs.
        stage: HookStage,
        /// Its name.
        name: String,
    },
    /// Components that are starting.
    Starts {
        /// Their names.
        components: Vec<String>,
    },
    /// Readiness latches that are not open.
    Latches {
        /// What each stands for.
        names: Vec<String>,
    },
    /// A registry that does not show the instance yet.
    Registration {
        /// Which registry.
        registry: String,
    },
    /// A registry that has not confirmed the deregistration.
    Deregistration {
        /// Which registry.
        registry: String,
    },
    /// A component that drains.
    Drain {
        /// Its name.
        component: String,
        /// What is in flight or alive in it: the first few requests or tasks by name.
        alive: String,
    },
    /// Tasks that hooks have spawned.
    HookTasks {
        /// The first few by name, the others counted.
        alive: String,
    },
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Awaited::Hook { stage, name } => write!(f, "{stage} hook `{name}` to end"),
            Awaited::Starts { components } => write!(f, "{} to start", components.join(", ")),
            Awaited::Latches { names } => write!(f, "the latches of {}", names.join(", ")),
            Awaited::Registration { registry } => write!(f, "{registry} to show the instance"),
            Awaited::Deregistration { registry } => {
                write!(f, "{registry} to confirm the deregistration")
            }
            Awaited::Drain { component, alive } => write!(f, "{component} to drain: {alive}"),
            Awaited::HookTasks { alive } => write!(f, "tasks of hooks to end: {alive}"),
        }
    }
}

impl Core {
    /// Awaits `future`, and emits an event that says what is awaited after 2 s and then every
    /// 10 s.
    pub(crate) async fn awaits<F: Future>(
        &self,
        what: impl Fn() -> Awaited,
        future: F,
    ) -> F::Output {
        let begun = Instant::now();
        let mut next = begun + FIRST;
        let mut future = pin!(future);
        loop {
            tokio::select! {
                biased;
                output = &mut future => return output,
                () = sleep_until(next) => {
                    let (what, since) = (what(), begun.elapsed());
                    self.emit(Event::Waiting { what, since });
                    next += AGAIN;
                    // What passed while the process stood still has one line, not one each 10 s.
                    let now = Instant::now();
                    if next <= now {
                        next = now + AGAIN;
                    }
                }
            }
        }
    }
}

/// What is alive in a scope, in a few words.
pub(crate) fn alive_in(scope: &Scope) -> String {
    let (mut names, mut unnamed) = (Vec::new(), 0);
    collect(&scope.tree(), "", &mut names, &mut unnamed);
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    if unnamed > 0 {
        names.push(format!("{unnamed} unnamed"));
    }
    if names.is_empty() {
        return "nothing of it is alive".to_owned();
    }
    names.join(", ")
}

fn collect(tree: &TreeSnapshot, path: &str, names: &mut Vec<String>, unnamed: &mut usize) {
    names.extend(tree.tasks.iter().map(|task| format!("{path}{}", task.name)));
    *unnamed += tree.more_tasks + tree.fresh_members + tree.holds;
    *unnamed += tree.members.iter().map(|of| of.count).sum::<usize>();
    for scope in &tree.scopes {
        collect(scope, &format!("{path}{}/", scope.name), names, unnamed);
    }
}
