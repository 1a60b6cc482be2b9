//! The walk along a tree.

use std::cell::Cell;
use std::rc::Rc;

use super::checked::{Checked, Stage};
use super::fit::{accepts, is_of_all, known_keys, likeliest, takes};
use super::wording::Wording;
use super::{inline, untyped};
use crate::mask;
use crate::problem::{Problem, What};
use crate::reference;
use crate::shape::{self, Kind, ListKind, Place, Shape, Tagged, is_same_name, one_of};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Entry, Table};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// How many alternatives of untagged enums are tried in one walk. Those inside of one another multiply,
/// so that a small file could keep a walk busy without an end.
const TRIALS: usize = 4096;

/// A walk along a tree, and what it has found so far.
pub(super) struct Walk<'s> {
    stage: Stage,
    wording: Rc<Wording<'s>>,
    trials: Rc<Cell<usize>>,
    /// Whether the values are parts of a text with commas: none of them is such a text again.
    is_split: bool,
    problems: Vec<Problem>,
    failed: Vec<(KeyPath, Origin)>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(shape: &'s Shape, stage: Stage) -> Walk<'s> {
        Walk {
            stage,
            wording: Rc::new(Wording::of(shape)),
            trials: Rc::new(Cell::new(TRIALS)),
            is_split: false,
            problems: Vec::new(),
            failed: Vec::new(),
        }
    }

    pub(super) fn finish(self, tree: Node) -> Checked {
        Checked {
            tree,
            problems: self.problems,
            failed: self.failed,
        }
    }

    /// Checks a value, and gives it as its setting takes it.
    ///
    /// A default is not checked: it may be written otherwise than it is read. A text with references is
    /// checked once they are resolved, in the merged tree.
    pub(super) fn node(&mut self, place: &Place<'s>, key: &KeyPath, node: &Node) -> Node {
        let is_resolved_later = self.is_resolved_later(Some(node));
        if node.origin == Origin::Default && self.stage == Stage::Merged && !node.has_set_values() {
            return node.clone();
        }
        if place.is_secret() || mask::has_userinfo(node, Some(place)) {
            node.hide();
        }
        if is_resolved_later {
            return node.clone();
        }
        if let Some(message) = mask::pasted(node, place) {
            self.fail(key, node, What::Other { message });
            return node.clone();
        }
        let takes_any = place.kinds().iter().any(|kind| matches!(kind, Kind::Any));
        match &node.value {
            _ if takes_any => node.clone(),
            Value::Table(table) if place.is_table() => self.table(place, key, node, table),
            Value::Table(table) if place.is_list() && node.origin.is_untyped() => {
                self.indexed(place, key, node, table)
            }
            Value::List(list) if place.is_list() => self.list(place, key, node, list),
            Value::Text(text) if node.origin.is_untyped() => self.untyped(place, key, node, text),
            // So is a section in YAML of which every line is a comment.
            Value::Null if place.is_table() && !takes(place, &Value::Null) => {
                let table = Table::default();
                self.table(place, key, &Node::empty(node.origin.clone()), &table)
            }
            value if takes(place, value) => node.clone(),
            _ => self.refuse(place, key, node),
        }
    }

    fn is_resolved_later(&self, node: Option<&Node>) -> bool {
        self.stage == Stage::Layer && node.is_some_and(reference::is_written_in)
    }

    /// Reports a value that its setting does not take.
    fn refuse(&mut self, place: &Place<'s>, key: &KeyPath, node: &Node) -> Node {
        let what = self.wording.of_value(place, node);
        self.fail(key, node, what);
        node.clone()
    }

    fn fail(&mut self, key: &KeyPath, node: &Node, what: What) {
        let problem = Problem::new(node.origin.clone(), key.clone(), what);
        self.problems.push(problem);
        self.failed.push((key.clone(), node.origin.clone()));
    }

    /// A text that means what its setting makes of it: the first alternative counts that it is right for.
    fn untyped(&mut self, place: &Place<'s>, key: &KeyPath, node: &Node, text: &str) -> Node {
        if untyped::is_unset(place, text) {
            return Node::new(Value::Null, node.origin.clone());
        }
        for kind in place.kinds() {
            if let Some(value) = untyped::scalar(kind, text).filter(|value| accepts(kind, value)) {
                return Node::new(value, node.origin.clone());
            }
        }
        let begin = text.trim_start();
        let is_inline = (begin.starts_with('[') && place.is_list())
            || (begin.starts_with('{') && place.is_table());
        if is_inline {
            let is_hidden = || {
                let is_secret = shape::holds_secrets(place) || node.origin.is_hidden();
                is_secret || mask::hide_userinfo(node, place)
            };
            return match inline::parse(begin, &node.origin) {
                Ok(value) => self.node(place, key, &value),
                Err(_) if is_hidden() => self.refuse(place, key, node),
                Err(message) => {
                    self.fail(key, node, What::Syntax { message });
                    node.clone()
                }
            };
        }
        if place.is_list() && !self.is_split {
            let values = untyped::split(node, text);
            let list = Node::new(Value::List(values.clone()), node.origin.clone());
            self.is_split = true;
            let checked = self.list(place, key, &list, &values);
            self.is_split = false;
            return checked;
        }
        self.refuse(place, key, node)
    }

    fn list(&mut self, place: &Place<'s>, key: &KeyPath, node: &Node, list: &[Node]) -> Node {
        let kinds = place.kinds().iter();
        let kinds: Vec<_> = kinds.filter(|kind| matches!(kind, Kind::List(_))).collect();
        self.best(&kinds, |walk, kind| {
            walk.list_as(place, kind, key, node, list)
        })
    }

    /// The list as one of its alternatives. Its length is checked as well as each of its values, so that a
    /// list that is too long says which values are wrong in it.
    fn list_as(
        &mut self,
        place: &Place<'s>,
        kind: &Kind<'s>,
        key: &KeyPath,
        node: &Node,
        list: &[Node],
    ) -> Node {
        let length = list.len() as u64;
        if let Kind::List(ListKind { min, max, .. }) = kind {
            let is_short = min.is_some_and(|min| length < min);
            if is_short || max.is_some_and(|max| length > max) {
                let what = self.wording.of_length(place, list.len());
                self.fail(key, node, what);
            }
        }
        let values = list.iter().enumerate().map(|(index, value)| {
            let key = key.index(index);
            match place.among(&[kind], &Step::Index(index)) {
                Some(inner) => {
                    let known = self.problems.len();
                    let checked = self.node(&inner, &key, value);
                    self.hide_swapped(kind, place, value, known);
                    checked
                }
                // One too many, which the length has said.
                None => {
                    if shape::holds_secrets(place) {
                        value.hide();
                    }
                    mask::hide_userinfo(value, place);
                    value.clone()
                }
            }
        });
        let values = values.collect();
        Node::new(Value::List(values), node.origin.clone())
    }

    /// Hides a wrong value of a tuple that holds a secret: it may be the secret, at the place of another value. Its
    /// problems are those from this index on.
    fn hide_swapped(&mut self, kind: &Kind<'s>, place: &Place<'s>, value: &Node, known: usize) {
        let is_tuple = matches!(kind, Kind::List(list) if list.first.len() > 1);
        if !is_tuple || self.problems.len() == known {
            return;
        }
        let is_secret = shape::holds_secrets(place);
        if is_secret {
            value.hide();
        }
        if is_secret || mask::hide_userinfo(value, place) {
            for problem in &mut self.problems[known..] {
                self.wording.mask(problem, value);
            }
        }
    }

    /// Single values of a list, set by variables or flags; `merge` puts them into the list.
    fn indexed(&mut self, place: &Place<'s>, key: &KeyPath, node: &Node, table: &Table) -> Node {
        let mut checked = Table::default();
        for entry in table.iter() {
            let child = entry.key.parse().ok().and_then(|index| {
                let place = place.child(&Step::Index(index))?;
                Some((index, place))
            });
            let Some((index, child)) = child else {
                let found = format!("`{}`", entry.key);
                let expected = "an index of the list, counted from 0".to_owned();
                self.fail(key, &entry.node, What::Type { found, expected });
                continue;
            };
            let node = self.node(&child, &key.index(index), &entry.node);
            checked.insert(Entry {
                key: index.to_string(),
                origin: entry.origin.clone(),
                node,
            });
        }
        Node::new(Value::Table(checked), node.origin.clone())
    }

    /// A table is checked as the variant that its tag, or its only key, names. Where that is not known,
    /// all keys of all variants are, and in the end the variant counts with which least is wrong.
    fn table(&mut self, place: &Place<'s>, key: &KeyPath, node: &Node, table: &Table) -> Node {
        let kinds = place.table_kinds();
        if let [only] = kinds.as_slice() {
            return self.fields(place, &[only], key, node, table);
        }
        if kinds.iter().all(|kind| kind.variant_key().is_some()) {
            return self.keyed(place, &kinds, key, node, table);
        }
        let is_merged = self.stage == Stage::Merged;
        match shape::by_tag(place, &kinds, table) {
            Tagged::Untagged(variants) if is_merged => {
                let likely = likeliest(&variants, table);
                self.best(&likely, |walk, kind| {
                    walk.fields(place, &[kind], key, node, table)
                })
            }
            Tagged::Known(variants) | Tagged::Untagged(variants) => {
                self.fields(place, &variants, key, node, table)
            }
            Tagged::Absent {
                tag,
                names,
                variants,
            } => {
                if is_merged {
                    let expected = one_of(&names);
                    self.fail(&key.key(tag), node, What::Missing { expected });
                }
                self.fields(place, &variants, key, node, table)
            }
            // The variant is not known before the tag is resolved.
            Tagged::Wrong { tag, .. } if self.is_resolved_later(table.get(tag)) => {
                self.fields(place, &kinds, key, node, table)
            }
            Tagged::Wrong { tag, names } => {
                if let Some(written) = table.get(tag) {
                    self.wrong_tag(place, &key.key(tag), written, &names);
                }
                let mut others = table.clone();
                others.remove(tag);
                for entry in others.iter().filter(|entry| !is_of_all(&kinds, &entry.key)) {
                    // Which variant it is for is not known.
                    let key = key.key(&entry.key);
                    self.failed.push((key, entry.node.origin.clone()));
                }
                let mut checked = self.fields(place, &kinds, key, node, &others);
                if let (Value::Table(checked), Some(entry)) = (&mut checked.value, table.entry(tag))
                {
                    checked.insert(entry.clone());
                }
                checked
            }
        }
    }

    fn wrong_tag(&mut self, place: &Place<'s>, key: &KeyPath, written: &Node, names: &[&str]) {
        let what = self.wording.of_tag(place, written, names);
        self.fail(key, written, what);
    }

    /// A table whose only key names the variant.
    fn keyed(
        &mut self,
        place: &Place<'s>,
        kinds: &[&Kind<'s>],
        key: &KeyPath,
        node: &Node,
        table: &Table,
    ) -> Node {
        let keys: Vec<&str> = kinds.iter().filter_map(|kind| kind.variant_key()).collect();
        let mut known = table
            .iter()
            .filter(|entry| keys.contains(&entry.key.as_str()));
        let first = known.next();
        for second in known {
            let first = first.map_or("", |entry| &entry.key);
            let message = format!("is set although `{first}` is: one of both has to go");
            self.fail(&key.key(&second.key), &second.node, What::Other { message });
        }
        if first.is_none() && table.is_empty() && self.stage == Stage::Merged {
            let (found, expected) = ("an empty table".to_owned(), place.expects());
            self.fail(key, node, What::Type { found, expected });
        }
        self.fields(place, kinds, key, node, table)
    }

    /// The keys of a table that is one of these variants. Missing keys are known only for a single one.
    fn fields(
        &mut self,
        place: &Place<'s>,
        kinds: &[&Kind<'s>],
        key: &KeyPath,
        node: &Node,
        table: &Table,
    ) -> Node {
        let mut checked = Table::default();
        for entry in table.iter() {
            let name = self.known_name(place, kinds, entry);
            let step = Step::Key(name.clone());
            let key = key.step(step.clone());
            let value = match place.among(kinds, &step) {
                Some(child) => self.node(&child, &key, &entry.node),
                // serde lets pass what it does not know, or refuses it with its own words.
                None if entry.node.origin == Origin::Default => entry.node.clone(),
                None => {
                    self.unknown(place, kinds, &key, entry, table);
                    continue;
                }
            };
            checked.insert(Entry {
                key: name,
                origin: entry.origin.clone(),
                node: value,
            });
        }
        if let ([Kind::Table(kind)], Stage::Merged) = (kinds, self.stage) {
            let missing = kind.fields.iter().filter(|field| field.is_required);
            for field in missing.filter(|field| table.get(field.name).is_none()) {
                self.missing(place, kinds, &key.key(field.name), node, table);
            }
        }
        Node::new(Value::Table(checked), node.origin.clone())
    }

    /// Reports a key that is missing: at the tag, if the variant that it names asks for the key, else at
    /// the table.
    fn missing(
        &mut self,
        place: &Place<'s>,
        kinds: &[&Kind<'s>],
        key: &KeyPath,
        node: &Node,
        table: &Table,
    ) {
        let Some(Step::Key(name)) = key.steps().last() else {
            return;
        };
        let Some(child) = place.among(kinds, &Step::Key(name.clone())) else {
            return;
        };
        let all = place.table_kinds();
        let tag = match shape::is_of_variant(&all, name) {
            true => shape::tags(place, &all).into_iter().next(),
            false => None,
        };
        let at = tag.and_then(|tag| table.get(tag)).unwrap_or(node);
        let expected = child.expects();
        self.fail(key, at, What::Missing { expected });
    }

    /// The name of the known key that is meant: variables have no case, and no `-`.
    fn known_name(&self, place: &Place<'s>, kinds: &[&Kind<'s>], entry: &Entry) -> String {
        let is_known = place.among(kinds, &Step::Key(entry.key.clone())).is_some();
        if is_known || !entry.origin.is_untyped() {
            return entry.key.clone();
        }
        let same = known_keys(kinds)
            .into_iter()
            .find(|name| is_same_name(name, &entry.key));
        same.unwrap_or(&entry.key).to_owned()
    }

    /// Reports a key that is not known here, at the key rather than at its value.
    fn unknown(
        &mut self,
        place: &Place<'s>,
        kinds: &[&Kind<'s>],
        key: &KeyPath,
        entry: &Entry,
        table: &Table,
    ) {
        let parent = key.parent().unwrap_or_default();
        let wording = Rc::clone(&self.wording);
        let unknown = wording.of_unknown_key(place, kinds, &parent, entry, table);
        if let Some(meant) = unknown.meant {
            self.failed.push((meant, entry.node.origin.clone()));
        }
        // The key of a table's header stands where the table does; an untyped one names the setting.
        let is_table = entry.node.as_table().is_some_and(|table| !table.is_empty());
        let origin = match &entry.origin {
            Origin::File(_) => &entry.origin,
            _ if is_table => entry.node.first_origin(),
            _ => &entry.node.origin,
        };
        let problem = Problem::new(origin.clone(), key.clone(), unknown.what);
        self.problems.push(problem);
        self.failed.push((key.clone(), entry.node.origin.clone()));
    }

    /// The alternative with which least is wrong.
    ///
    /// Each is tried by a walk that shares nothing with this one but the number of trials that are left;
    /// the problems of the best trial are kept. The first one without a problem ends the search.
    fn best<'k>(
        &mut self,
        kinds: &[&'k Kind<'s>],
        mut check: impl FnMut(&mut Walk<'s>, &'k Kind<'s>) -> Node,
    ) -> Node
    where
        's: 'k,
    {
        let mut best: Option<(Walk<'s>, Node)> = None;
        for kind in kinds {
            let left = self.trials.get();
            if best.is_some() && left == 0 {
                break;
            }
            if kinds.len() > 1 {
                self.trials.set(left.saturating_sub(1));
            }
            let mut trial = Walk {
                problems: Vec::new(),
                failed: Vec::new(),
                trials: Rc::clone(&self.trials),
                wording: Rc::clone(&self.wording),
                ..*self
            };
            let node = check(&mut trial, kind);
            let is_better =
                |(best, _): &(Walk<'s>, Node)| trial.problems.len() < best.problems.len();
            if best.as_ref().is_none_or(is_better) {
                best = Some((trial, node));
            }
            if best
                .as_ref()
                .is_some_and(|(best, _)| best.problems.is_empty())
            {
                break;
            }
        }
        let Some((trial, node)) = best else {
            return Node::new(Value::Null, Origin::Default);
        };
        self.problems.extend(trial.problems);
        self.failed.extend(trial.failed);
        node
    }
}
