//! From the trees of all sources to settings.

use std::collections::HashMap;
use std::path::PathBuf;

use super::mask::Mask;
use super::order::Order;
use crate::check::{Stage, check};
use crate::merge::merge;
use crate::problem::{Problem, What};
use crate::read;
use crate::reference::{self, Hides, Surroundings, Variables};
use crate::rename::rename;
use crate::rules::{Broken, BrokenRule, Rules};
use crate::shape::{Kind, Place, Shape, is_of_variant};
use crate::source::layer::Layer;
use crate::tree::key::{KeyPath, Step};
use crate::tree::key_set::KeySet;
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;
use crate::tree::text::Span;

/// What came of the trees of all sources.
pub(crate) struct Outcome<T> {
    /// `None` only with problems.
    pub(crate) value: Option<T>,
    /// All settings with their origins, defaults among them, without references.
    pub(crate) tree: Node,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
    /// The files that references name.
    pub(crate) files: Vec<PathBuf>,
}

/// What all steps share.
pub(super) struct Pipeline<'a> {
    shape: &'a Shape,
    pub(super) problems: Vec<Problem>,
    /// The values at fault, by key and origin: a good value of a higher source counts in their place.
    failed: Vec<(KeyPath, Origin)>,
}

/// Puts sources together, from those that count least, and reads settings from them.
///
/// Each tree is checked by itself, so that a wrong value is reported although a higher source replaces
/// it; then they are merged over the defaults, references are resolved, and the whole is checked, read
/// and held against its rules. A value at fault is the default from there on, so that each step finds
/// what there is to find, and what depends on such a value is not reported.
pub(crate) fn run<T: Rules>(shape: &Shape, layers: &[Layer], variables: &Variables) -> Outcome<T> {
    let mut pipeline = Pipeline::new(shape);
    let defaults = pipeline.defaults::<T>();
    let (trees, mut warnings) = pipeline.check_layers::<T>(layers, &defaults);
    let mut merged = defaults.clone();
    for tree in &trees {
        merged = merge(shape, merged, tree, &mut pipeline.problems);
    }
    let known = pipeline.drop_failed(&mut merged, &defaults);
    let hides = |key: &KeyPath| {
        let place = shape.at(key);
        Hides {
            is_secret: place.as_ref().is_some_and(Place::is_secret),
            is_url: place.as_ref().is_some_and(Place::is_url),
        }
    };
    let resolved = reference::resolve(
        &merged,
        &Surroundings {
            variables,
            hides: &hides,
        },
    );
    pipeline.problems.extend(resolved.problems);
    let mut failed: Vec<KeyPath> = known.into_iter().chain(resolved.failed).collect();
    let mut tree = resolved.tree;
    for key in &failed {
        let is_set = tree.get(key).is_some();
        if let (false, Some(default)) = (is_set, defaults.get(key)) {
            // There may be no place for it, in a table that failed as well.
            let _ = tree.insert(key, default.clone());
        }
    }
    let tree = pipeline.check_merged(&tree, &mut failed);
    let read = read::read::<T>(shape, tree.clone(), &defaults, failed);
    pipeline.problems.extend(read.problems);
    if let Some(value) = &read.value {
        pipeline.check_rules(value, &tree, &read.failed);
    }
    let mask = Mask::of(shape);
    let damaged = layers.iter().filter(|layer| !layer.problems.is_empty());
    let damaged = Order::of(damaged);
    for problem in &pipeline.problems {
        if damaged.has(problem) {
            mask.hide_in(problem);
        } else {
            mask.hide_comment(problem);
        }
    }
    let order = Order::of(layers);
    let mut problems = pipeline.problems;
    if read.value.is_none() && problems.is_empty() {
        let message = "the settings cannot be read, even from their defaults".to_owned();
        let what = What::Other { message };
        problems.push(Problem::new(Origin::Default, KeyPath::root(), what));
    }
    order.sort(&mut problems);
    order.sort(&mut warnings);
    Outcome {
        value: read.value,
        tree,
        problems: each_once(problems),
        warnings,
        files: resolved.files,
    }
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(shape: &'a Shape) -> Pipeline<'a> {
        Pipeline {
            shape,
            problems: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub(super) fn defaults<T: Rules>(&mut self) -> Node {
        read::write(&T::default()).unwrap_or_else(|reason| {
            let message = format!("the defaults cannot be written as settings: {reason}");
            let what = What::Other { message };
            let problem = Problem::new(Origin::Default, KeyPath::root(), what);
            self.problems.push(problem);
            Node::empty(Origin::Default)
        })
    }

    /// The trees of the sources as they count, with the warnings about them.
    fn check_layers<T: Rules>(
        &mut self,
        layers: &[Layer],
        defaults: &Node,
    ) -> (Vec<Node>, Vec<Problem>) {
        let mut trees = Vec::new();
        let mut warnings = Vec::new();
        for layer in layers {
            for problem in &layer.problems {
                self.problems.push(problem.clone());
                if !problem.key.is_root() {
                    self.failed
                        .push((problem.key.clone(), problem.origin.clone()));
                }
            }
            let mut tree = layer.tree.clone();
            let renamed = rename(self.shape, &mut tree);
            warnings.extend(renamed.warnings);
            self.problems.extend(renamed.problems);
            let checked = check(self.shape, &tree, Stage::Layer);
            self.problems.extend(checked.problems);
            let failed = checked.failed.iter().map(|(key, _)| key.clone());
            self.read_layer::<T>(&checked.tree, failed.collect(), defaults);
            self.failed.extend(checked.failed);
            trees.push(checked.tree);
        }
        (trees, warnings)
    }

    /// Reads one source over the defaults, for the values that only their own types refuse: an address.
    ///
    /// Other sources may say which variant an enum is, or bring a value that it lacks; so only a value counts
    /// that has no parts, is in no enum, and could be read as nothing else.
    fn read_layer<T: Rules>(&mut self, tree: &Node, failed: Vec<KeyPath>, defaults: &Node) {
        let merged = merge(self.shape, defaults.clone(), tree, &mut Vec::new());
        let read = read::read::<T>(self.shape, merged.clone(), defaults, failed);
        for problem in read.problems {
            let is_refused = merged.get(&problem.key).is_some_and(|node| {
                let is_plain = !matches!(node.value, Value::Table(_) | Value::List(_));
                is_plain && node.origin == problem.origin && !reference::is_written_in(node)
            });
            if is_refused && self.is_outside_of_enums(&problem.key) {
                let failed = (problem.key.clone(), problem.origin.clone());
                self.failed.push(failed);
                self.problems.push(problem);
            }
        }
    }

    fn is_outside_of_enums(&self, key: &KeyPath) -> bool {
        let mut place = self.shape.root();
        for step in key.steps() {
            let kinds = place.kinds().iter();
            let kinds: Vec<_> = kinds.filter(|kind| !matches!(kind, Kind::Null)).collect();
            let is_shared = match step {
                Step::Key(name) => kinds.len() == 1 || !is_of_variant(&kinds, name),
                Step::Index(_) => kinds.len() == 1,
            };
            match place.child(step) {
                Some(child) if is_shared => place = child,
                _ => return false,
            }
        }
        true
    }

    /// Puts the default in the place of each value at fault that is still there; the keys of those, and
    /// of values that are in no tree. One in a list stays, as the others would get other indices.
    fn drop_failed(&self, merged: &mut Node, defaults: &Node) -> Vec<KeyPath> {
        let mut keys = Vec::new();
        for (key, origin) in &self.failed {
            let node = merged.get(key);
            if node.is_some_and(|node| node.origin != *origin && node.has_set_values()) {
                continue;
            }
            keys.push(key.clone());
            if node.is_none_or(|node| node.origin != *origin) {
                continue;
            }
            match defaults.get(key) {
                Some(default) => drop(merged.insert(key, default.clone())),
                None if matches!(key.steps().last(), Some(Step::Key(_))) => {
                    merged.remove(key);
                }
                None => {}
            }
        }
        keys
    }

    /// Checks the merged tree; adds the keys at fault in it to those that failed.
    pub(super) fn check_merged(&mut self, tree: &Node, failed: &mut Vec<KeyPath>) -> Node {
        let checked = check(self.shape, tree, Stage::Merged);
        let known: KeySet = failed.iter().collect();
        let is_result = |problem: &Problem| {
            known.has_near(&problem.key) || self.is_of_unknown_variant(problem, &known)
        };
        let new = checked.problems.into_iter();
        let new: Vec<_> = new.filter(|problem| !is_result(problem)).collect();
        self.problems.extend(new);
        failed.extend(checked.failed.into_iter().map(|(key, _)| key));
        checked.tree
    }

    /// Whether a key is missing only in the variant for which a table is taken without a value at fault.
    fn is_of_unknown_variant(&self, problem: &Problem, failed: &KeySet) -> bool {
        let Some(table) = problem.key.parent() else {
            return false;
        };
        let is_beside = failed.has_child(&table);
        let has_variants = self.shape.at(&table).is_some_and(|place| {
            let kinds = place.kinds().iter();
            kinds.filter_map(Kind::as_table).count() > 1
        });
        matches!(problem.what, What::Missing { .. }) && is_beside && has_variants
    }

    /// Reports the broken rules, but for those that look at a value at fault.
    pub(super) fn check_rules<T: Rules>(&mut self, value: &T, tree: &Node, failed: &[KeyPath]) {
        let mut broken = Broken::default();
        value.check(&mut broken);
        for BrokenRule { keys, message } in broken.into_rules() {
            let is_result = |key: &KeyPath| failed.iter().any(|other| is_near(other, key));
            if keys.iter().any(is_result) {
                continue;
            }
            let mut keys = keys.into_iter();
            let key = keys.next().unwrap_or_default();
            let mut message = message.trim_end_matches('.').to_owned();
            for other in keys {
                message += &format!("; `{other}` is from {}", origin_of(tree, &other));
            }
            let what = What::Rule { message };
            self.problems
                .push(Problem::new(origin_of(tree, &key), key, what));
        }
    }
}

/// Whether one of both is the other, or is inside of it.
fn is_near(this: &KeyPath, that: &KeyPath) -> bool {
    this.is_within(that) || that.is_within(this)
}

/// Where the value was written; the origin of the table around it, if it is not there.
fn origin_of(tree: &Node, key: &KeyPath) -> Origin {
    let mut at = Some(key.clone());
    while let Some(key) = at {
        if let Some(node) = tree.get(&key) {
            return node.first_origin().clone();
        }
        at = key.parent();
    }
    Origin::Default
}

/// Without those about the same place of the same key, which several steps find. Rules are separate mistakes:
/// of two about one key each says another thing.
pub(super) fn each_once(problems: Vec<Problem>) -> Vec<Problem> {
    let mut once: Vec<Problem> = Vec::new();
    let is_rule = |problem: &Problem| matches!(problem.what, What::Rule { .. });
    let mut met: HashMap<(KeyPath, Option<usize>), Vec<usize>> = HashMap::new();
    for problem in problems {
        let start = problem.origin.span().map(Span::start);
        let others = met.entry((problem.key.clone(), start)).or_default();
        let is_same = |other: &Problem| {
            other == &problem
                || (other.origin == problem.origin
                    && !problem.key.is_root()
                    && !is_rule(other)
                    && !is_rule(&problem))
        };
        if !others.iter().any(|at| is_same(&once[*at])) {
            others.push(once.len());
            once.push(problem);
        }
    }
    once
}
