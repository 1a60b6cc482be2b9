//! One reload after the other: what the next one has to know of those before.

use std::fmt;

use super::change::{Change, Differences};
use super::emptied;
use super::fresh::{Fresh, Loader};
use super::mix::Mixture;
use super::outcome::{ReloadError, Reloaded};
use crate::Problem;
use crate::load::ReadFile;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;

/// What a reload finds; held by one at a time.
pub(super) struct Turn {
    /// What the published settings were read from.
    tree: Node,
    /// Changes of fixed settings that were logged.
    needs_restart: Vec<Change>,
    /// Warnings that were logged.
    warnings: Vec<Problem>,
    /// The files of settings that were read last, without a mistake.
    read_files: Vec<ReadFile>,
    /// The last reload, with the number of the last request that came before it began.
    answer: Option<(u64, Result<Reloaded, ReloadError>)>,
}

/// Settings that may be published.
pub(super) struct Next<T> {
    tree: Node,
    read_files: Vec<ReadFile>,
    /// None if nothing is different.
    pub(super) settings: Option<T>,
    pub(super) reloaded: Reloaded,
}

impl Turn {
    pub(super) fn new(tree: Node, warnings: Vec<Problem>, read_files: Vec<ReadFile>) -> Turn {
        Turn {
            tree,
            needs_restart: Vec::new(),
            warnings,
            read_files,
            answer: None,
        }
    }

    /// What a reload has come to that began after this request.
    pub(super) fn answer_to(&self, request: u64) -> Option<Result<Reloaded, ReloadError>> {
        let (last, answer) = self.answer.as_ref()?;
        (*last >= request).then(|| answer.clone())
    }

    pub(super) fn set_answer(&mut self, last: u64, answer: Result<Reloaded, ReloadError>) {
        self.answer = Some((last, answer));
    }

    /// Puts what is live of fresh settings over what is fixed of those that are published. The fresh ones
    /// are right as a whole, unless a file of them has lost all its settings; those that come out are checked as
    /// well.
    pub(super) fn mix<T: 'static>(
        &self,
        fresh: Fresh<T>,
        loader: &dyn Loader<T>,
    ) -> Result<Next<T>, ReloadError> {
        emptied::refuse(&fresh.read_files, &self.read_files).map_err(ReloadError::Load)?;
        let mark = |key: &KeyPath| loader.mark(key);
        let mixture = Mixture::of(&self.tree, &fresh.tree, &mark);
        let mut differences = Differences::new(&mark);
        let root = KeyPath::root();
        differences.add(&root, Some(&self.tree), Some(&mixture.tree));
        let changed = differences.into_changes();
        let settings = match (changed.is_empty(), mixture.kept.is_empty()) {
            (true, _) => None,
            (false, true) => Some(fresh.settings),
            (false, false) => {
                let settings = loader.read(&mixture.tree);
                Some(settings.map_err(ReloadError::Mixture)?)
            }
        };
        let reloaded = Reloaded {
            changed,
            needs_restart: mixture.kept,
            warnings: fresh.warnings,
        };
        Ok(Next {
            tree: mixture.tree,
            read_files: fresh.read_files,
            settings,
            reloaded,
        })
    }

    /// What there is to log of settings that will be published, as far as it was not logged yet.
    pub(super) fn lines<T>(&self, next: &Next<T>) -> ReloadLines {
        let reloaded = &next.reloaded;
        ReloadLines {
            changed: reloaded.changed.clone(),
            fixed: news(&self.needs_restart, &reloaded.needs_restart),
            warnings: news(&self.warnings, &reloaded.warnings),
        }
    }

    /// Takes over the settings that were published.
    pub(super) fn record<T>(&mut self, next: Next<T>) -> Reloaded {
        let reloaded = next.reloaded;
        self.tree = next.tree;
        self.read_files = next.read_files;
        self.needs_restart.clone_from(&reloaded.needs_restart);
        self.warnings.clone_from(&reloaded.warnings);
        reloaded
    }
}

/// The lines about a reload, for the log before it takes effect: a reload that makes the log quieter takes no line
/// about itself away.
pub(super) struct ReloadLines {
    changed: Vec<Change>,
    /// Changes that need a restart and were not logged yet.
    fixed: Vec<String>,
    /// Warnings that were not logged yet.
    warnings: Vec<String>,
}

impl ReloadLines {
    pub(super) fn log(&self) {
        if self.changed.is_empty() {
            tracing::debug!("the settings were loaded anew: nothing has changed");
        } else {
            tracing::info!("the settings have changed: {}", list(&self.changed));
        }
        if !self.fixed.is_empty() {
            let list = list(&self.fixed);
            tracing::warn!("fixed settings have changed, which needs a restart: {list}");
        }
        for line in &self.warnings {
            tracing::warn!("{line}");
        }
    }
}

/// Those that were not there before, as they are shown.
fn news<N: fmt::Display>(before: &[N], now: &[N]) -> Vec<String> {
    let before: Vec<String> = before.iter().map(ToString::to_string).collect();
    let now = now.iter().map(ToString::to_string);
    now.filter(|one| !before.contains(one)).collect()
}

/// How many changes are listed.
const LISTED: usize = 50;

fn list(changes: &[impl fmt::Display]) -> String {
    let texts = changes.iter().take(LISTED).map(ToString::to_string);
    let list = texts.collect::<Vec<_>>().join("; ");
    match changes.len().saturating_sub(LISTED) {
        0 => list,
        more => format!("{list}; and {more} more"),
    }
}
