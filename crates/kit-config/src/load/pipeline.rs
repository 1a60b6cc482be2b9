//! From the trees of all sources to settings.

use std::path::PathBuf;

use super::cut::{Cut, is_known, unread};
use super::mask::Mask;
use super::once::each_once;
use super::order::Order;
use super::same_place::mask_hidden;
use super::written::written_key;
use crate::check::{Stage, check};
use crate::mask::HiddenTexts;
use crate::merge::merge;
use crate::problem::{Problem, What};
use crate::read::{self, FieldNames, Read};
use crate::reference::{self, Hides, Surroundings, Variables};
use crate::rename::rename;
use crate::rules::{Broken, BrokenRule, Rules};
use crate::shape::{Kind, Place, Shape, is_of_variant, tags};
use crate::source::layer::Layer;
use crate::tree::key::{KeyPath, Step};
use crate::tree::key_set::KeySet;
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

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
    cut: Cut,
}

/// Puts sources together, from those that count least, and reads settings from them.
///
/// Each tree is checked by itself, so that a wrong value is reported although a higher source replaces
/// it; then they are merged over the defaults, references are resolved, and the whole is checked, read
/// and held against its rules. A value at fault is the default from there on, so that each step finds
/// what there is to find, and what depends on such a value is not reported.
///
/// What the command line itself replaces is only checked.
pub(crate) fn run<T: Rules>(
    shape: &Shape,
    layers: &[Layer],
    replaced: &[Layer],
    variables: &Variables,
) -> Outcome<T> {
    let mut pipeline = Pipeline::new(shape);
    pipeline.cut = Cut::of(layers);
    let defaults = pipeline.defaults::<T>();
    pipeline.check_layers::<T>(replaced, &defaults);
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
    let problems = read.problems.iter();
    let problems = problems.filter(|problem| !pipeline.cut.explains(problem));
    let problems: Vec<_> = problems.cloned().collect();
    pipeline.problems.extend(problems);
    pipeline.explain_aliases(&read.names);
    let order = Order::of(layers);
    if let Some(value) = &read.value {
        let is_known = |origin: &Origin| is_known(layers, &order, origin);
        pipeline.check_rules(value, &tree, &read, is_known);
    }
    mask_hidden(&mut pipeline.problems);
    let mut mask = Mask::of(shape);
    let damaged = layers.iter().filter(|layer| !layer.problems.is_empty());
    let damaged = Order::of(damaged);
    for problem in &mut pipeline.problems {
        mask.shorten(problem);
        if damaged.has(problem) {
            mask.hide_in(problem);
        } else {
            mask.hide_comment(problem);
        }
    }
    let mut problems = pipeline.problems;
    if read.value.is_none() && problems.is_empty() {
        let message = "the settings cannot be read, even from their defaults".to_owned();
        let what = What::Other { message };
        problems.push(Problem::new(Origin::Default, KeyPath::root(), what));
    }
    if let (true, Some(key)) = (problems.is_empty(), read.failed.first()) {
        // A value at fault is the default from there on, which must not pass for a value that was set.
        let message = "cannot be read, and no step has found why".to_owned();
        let what = What::Other { message };
        problems.push(Problem::new(origin_of(&tree, key), key.clone(), what));
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
            cut: Cut::default(),
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
            let is_unread = unread(layer);
            let problems = checked.problems.into_iter();
            self.problems
                .extend(problems.filter(|problem| !is_unread.contains(&problem.key)));
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
            known.has_near(&problem.key)
                || self.is_of_unknown_variant(problem, &known)
                || self.cut.explains(problem)
        };
        let new = checked.problems.into_iter();
        let new: Vec<_> = new.filter(|problem| !is_result(problem)).collect();
        self.problems.extend(new);
        failed.extend(checked.failed.into_iter().map(|(key, _)| key));
        checked.tree
    }

    /// Whether a key is missing only in the variant for which a table is taken without a value at fault: its tag,
    /// or any value where no tag says which variant it is.
    fn is_of_unknown_variant(&self, problem: &Problem, failed: &KeySet) -> bool {
        let Some(table) = problem.key.parent() else {
            return false;
        };
        let Some(place) = self.shape.at(&table) else {
            return false;
        };
        let variants = place.table_kinds();
        let tags = tags(&place, &variants);
        let is_open = match tags.is_empty() {
            true => failed.has_child(&table),
            false => tags.iter().any(|tag| failed.has_near(&table.key(*tag))),
        };
        matches!(problem.what, What::Missing { .. }) && variants.len() > 1 && is_open
    }

    /// Says of each unknown key that serde would have read what to write for it.
    fn explain_aliases(&mut self, names: &FieldNames) {
        for problem in &mut self.problems {
            if matches!(problem.what, What::Unknown { .. }) && names.has(&problem.key) {
                let Some(Step::Key(name)) = problem.key.steps().last() else {
                    continue;
                };
                let message = format!(
                    "there is no such setting: only serde knows it, as by `alias`, which is no part of the \
                     schema; the type has to name an old key by `#[schemars(extend(\"was\" = \"{name}\"))]`"
                );
                problem.what = What::Other { message };
            }
        }
    }

    /// Reports the broken rules, but for those that look at a value at fault, or at one that is not known: a part
    /// of a source that could not be read may set it.
    pub(super) fn check_rules<T: Rules>(
        &mut self,
        value: &T,
        tree: &Node,
        read: &Read<T>,
        is_known: impl Fn(&Origin) -> bool,
    ) {
        let mut broken = Broken::default();
        value.check(&mut broken);
        for BrokenRule { keys, message } in broken.into_rules() {
            let keys = keys.iter().map(|key| written_key(key, &read.skipped));
            let keys: Vec<KeyPath> = keys.collect();
            let is_result = |key: &KeyPath| read.failed.iter().any(|other| is_near(other, key));
            let is_unknown =
                |key: &KeyPath| self.cut.is_in(key) || !is_known(&origin_of(tree, key));
            if keys.iter().any(is_result) || keys.iter().any(is_unknown) {
                continue;
            }
            let mut hidden = HiddenTexts::default();
            for key in &keys {
                let (key, node) = nearest(tree, key);
                hidden.add(node, self.shape.at(&key).as_ref());
            }
            let message = hidden.mask(&message);
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
    nearest(tree, key).1.first_origin().clone()
}

/// The value, with its key; the table around it, if it is not there.
fn nearest<'n>(tree: &'n Node, key: &KeyPath) -> (KeyPath, &'n Node) {
    let mut at = Some(key.clone());
    while let Some(key) = at {
        if let Some(node) = tree.get(&key) {
            return (key, node);
        }
        at = key.parent();
    }
    (KeyPath::root(), tree)
}
