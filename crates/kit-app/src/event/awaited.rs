//! What the lifecycle waits for, by name.

use std::fmt;

use kit_sync::{Scope, TreeSnapshot};

use crate::HookStage;

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
    /// A hook of a reload.
    Reload {
        /// Its name.
        name: String,
    },
    /// A [last step](crate::LastStep).
    LastStep {
        /// Its name.
        name: String,
    },
    /// A resource that opens.
    Open {
        /// Its name.
        resource: String,
    },
    /// A resource that is being closed.
    Close {
        /// Its name.
        resource: String,
    },
    /// Components that are starting.
    Starts {
        /// Their names.
        components: Vec<String>,
    },
    /// Jobs for which the start waits, and with it the next phase.
    Jobs {
        /// Their names.
        jobs: Vec<String>,
    },
    /// Readiness latches that are not open.
    Latches {
        /// What each stands for.
        names: Vec<String>,
    },
    /// Required checks that have no result yet.
    Checks {
        /// Their names.
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
    /// A worker whose run, or whose tasks, have to end before it begins anew.
    Restart {
        /// The path of its scope.
        worker: String,
        /// The first few tasks of it by name, the others counted.
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
            Awaited::Reload { name } => write!(f, "reload hook `{name}` to end"),
            Awaited::LastStep { name } => write!(f, "last step `{name}` to end"),
            Awaited::Open { resource } => write!(f, "resource {resource} to open"),
            Awaited::Close { resource } => write!(f, "resource {resource} to close"),
            Awaited::Starts { components } => write!(f, "{} to start", components.join(", ")),
            Awaited::Jobs { jobs } => match &jobs[..] {
                [job] => write!(f, "job {job} to end"),
                jobs => write!(f, "jobs {} to end", jobs.join(", ")),
            },
            Awaited::Latches { names } => write!(f, "the latches of {}", names.join(", ")),
            Awaited::Checks { names } => {
                write!(f, "the first results of the checks {}", names.join(", "))
            }
            Awaited::Registration { registry } => write!(f, "{registry} to show the instance"),
            Awaited::Deregistration { registry } => {
                write!(f, "{registry} to confirm the deregistration")
            }
            Awaited::Drain { component, alive } => write!(f, "{component} to drain: {alive}"),
            Awaited::Restart { worker, alive } => {
                write!(f, "the last run of {worker} to end: {alive}")
            }
            Awaited::HookTasks { alive } => write!(f, "tasks of hooks to end: {alive}"),
        }
    }
}

/// The names of the living tasks of a scope, in a few words.
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
