//! One reload after the other: what the next one has to know of those before.

use super::change::{Change, Differences};
use super::fresh::{Fresh, Pipeline};
use super::mix::Mixture;
use super::outcome::{ReloadError, Reloaded};
use crate::Problem;
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
    /// The last reload, with the number of the last request that came before it began.
    answer: Option<(u64, Result<Reloaded, ReloadError>)>,
}

/// Settings that may be published.
pub(super) struct Next<T> {
    tree: Node,
    /// None if nothing is different.
    pub(super) settings: Option<T>,
    pub(super) reloaded: Reloaded,
}

impl Turn {
    pub(super) fn new(tree: Node, warnings: Vec<Problem>) -> Turn {
        Turn {
            tree,
            needs_restart: Vec::new(),
            warnings,
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
    /// are right as a whole; those that come out are checked as well.
    pub(super) fn mix<T: 'static>(
        &self,
        fresh: Fresh<T>,
        pipeline: &dyn Pipeline<T>,
    ) -> Result<Next<T>, ReloadError> {
        let mark = |key: &KeyPath| pipeline.mark(key);
        let mixture = Mixture::of(&self.tree, &fresh.tree, &mark);
        let mut differences = Differences::new(&mark);
        let root = KeyPath::root();
        differences.add(&root, Some(&self.tree), Some(&mixture.tree));
        let changed = differences.into_changes();
        let settings = match (changed.is_empty(), mixture.kept.is_empty()) {
            (true, _) => None,
            (false, true) => Some(fresh.settings),
            (false, false) => {
                let settings = pipeline.read(&mixture.tree);
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
            settings,
            reloaded,
        })
    }

    /// Takes over what was published, and logs what has not been.
    pub(super) fn record<T>(&mut self, next: Next<T>) -> Reloaded {
        let reloaded = next.reloaded;
        self.tree = next.tree;
        if reloaded.changed.is_empty() {
            tracing::debug!("the settings were loaded anew: nothing has changed");
        } else {
            tracing::info!("the settings have changed: {}", list(&reloaded.changed));
        }
        let is_new = |change: &&Change| !self.needs_restart.contains(change);
        let new: Vec<Change> = reloaded
            .needs_restart
            .iter()
            .filter(is_new)
            .cloned()
            .collect();
        if !new.is_empty() {
            let list = list(&new);
            tracing::warn!(
                "settings that are fixed at the start were changed, which needs a restart: {list}"
            );
        }
        self.needs_restart.clone_from(&reloaded.needs_restart);
        let said: Vec<String> = self.warnings.iter().map(ToString::to_string).collect();
        for warning in &reloaded.warnings {
            let text = warning.to_string();
            if !said.contains(&text) {
                tracing::warn!("{text}");
            }
        }
        self.warnings.clone_from(&reloaded.warnings);
        reloaded
    }
}

/// How many changes are listed.
const LISTED: usize = 50;

fn list(changes: &[Change]) -> String {
    let texts = changes.iter().take(LISTED).map(ToString::to_string);
    let list = texts.collect::<Vec<_>>().join("; ");
    match changes.len().saturating_sub(LISTED) {
        0 => list,
        more => format!("{list}; and {more} more"),
    }
}
