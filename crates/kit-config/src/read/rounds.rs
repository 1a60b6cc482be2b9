//! Rounds of reading: one failure each, until there is none.

use std::cell::Cell;
use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::failure::{Failure, Reason};
use super::reader::{FieldNames, Reader};
use super::{blame, phrase};
use crate::problem::{Problem, What};
use crate::shape::{Kind, Place, Shape, tags};
use crate::tree::key::{KeyPath, Step};
use crate::tree::key_set::KeySet;
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// How often a tree is read at least to find which value is at fault, in all rounds together.
const TRIALS: usize = 128;

/// How many values are read for that, if a small tree can be read more often.
const TRIED: usize = 500_000;

/// How many values are reported that only their own types refuse. Each takes a reading of the whole tree:
/// thousands of them would keep a load busy for minutes.
const REFUSED: usize = 256;

/// Settings from a tree.
#[derive(Debug)]
pub(crate) struct Read<T> {
    /// With the default in the place of each value at fault; `None` if it takes more than that.
    pub(crate) value: Option<T>,
    pub(crate) problems: Vec<Problem>,
    /// The keys of the values at fault, with those that were known before.
    pub(crate) failed: Vec<KeyPath>,
    /// The keys of the values that were passed over; in the value, those behind them in a list have other indices.
    pub(crate) skipped: HashSet<KeyPath>,
    /// Those of the structs in which values were known to be wrong before.
    pub(crate) names: FieldNames,
}

/// Reads settings from a tree, past each value that serde refuses.
///
/// serde stops at its first failure. So its value is replaced by the default, or passed over if there
/// is none, and the tree is read again; each round has one value less that was set, which is why there
/// is a last one. After 256 problems one more says that there may be others. Values that are known to be
/// wrong (`failed`) are passed over from the start; a failure at, in, or around one of them is taken for a
/// result of that, and not reported.
pub(crate) fn read<T: DeserializeOwned>(
    shape: &Shape,
    tree: Node,
    defaults: &Node,
    failed: Vec<KeyPath>,
) -> Read<T> {
    let mut rounds = Rounds {
        shape,
        defaults,
        skipped: HashSet::new(),
        problems: Vec::new(),
        trials: Cell::new(TRIALS.max(TRIED / size(&tree))),
        is_cut_short: false,
        tree,
        wrong: failed.iter().collect(),
        failed,
    };
    for key in rounds.failed.clone() {
        if !key.is_root() {
            rounds.leave_out(&key);
        }
    }
    let names = FieldNames::around(&rounds.failed);
    let value = loop {
        match attempt::<T>(&rounds.tree, &rounds.skipped, Some(&names)) {
            Ok(value) => break Some(value),
            Err(failure) => {
                if rounds.problems.len() == REFUSED {
                    rounds.give_up();
                    break None;
                }
                if !rounds.pass::<T>(&failure) {
                    break None;
                }
            }
        }
    };
    Read {
        value,
        problems: rounds.problems,
        failed: rounds.failed,
        skipped: rounds.skipped,
        names,
    }
}

fn attempt<T: DeserializeOwned>(
    tree: &Node,
    skipped: &HashSet<KeyPath>,
    names: Option<&FieldNames>,
) -> Result<T, Failure> {
    T::deserialize(Reader {
        node: tree,
        key: KeyPath::root(),
        skipped,
        names,
    })
}

/// How many values there are, with this one.
fn size(node: &Node) -> usize {
    let inside: usize = match &node.value {
        Value::List(list) => list.iter().map(size).sum(),
        Value::Table(table) => table.iter().map(|entry| size(&entry.node)).sum(),
        _ => 0,
    };
    inside + 1
}

struct Rounds<'a> {
    shape: &'a Shape,
    tree: Node,
    defaults: &'a Node,
    skipped: HashSet<KeyPath>,
    problems: Vec<Problem>,
    /// How often the tree is still read to find which value is at fault.
    trials: Cell<usize>,
    /// Whether it has been said that there may be other mistakes.
    is_cut_short: bool,
    failed: Vec<KeyPath>,
    /// The same keys.
    wrong: KeySet,
}

impl Rounds<'_> {
    /// Says that the other values were not looked at.
    fn give_up(&mut self) {
        let message = format!(
            "{REFUSED} values are wrong that only their own types can judge; there may be more of them"
        );
        let what = What::Other { message };
        self.problems
            .push(Problem::new(Origin::Default, KeyPath::root(), what));
    }

    /// Reports a failure, and makes the next round go past it; `false` if there is no way past it.
    fn pass<T: DeserializeOwned>(&mut self, failure: &Failure) -> bool {
        let met = failure.key.clone().unwrap_or_default();
        let key = match &failure.reason {
            Reason::Missing(field) => met.key(field),
            Reason::Key { .. } => met,
            Reason::Unknown(_) | Reason::Invalid { .. } | Reason::Refused(_) => {
                self.blame::<T>(&met, failure)
            }
        };
        let is_result = self.wrong.has_near(&key);
        if !is_result {
            let problem = phrase::problem(self.shape, &self.tree, &key, failure);
            self.problems.push(problem);
            self.failed.push(key.clone());
            self.wrong.add(&key);
        } else if self.trials.get() == 0 && !self.is_cut_short {
            self.is_cut_short = true;
            let message = "which value is at fault here was searched for until the search was given up; \
                           there may be more of them";
            let what = What::Other {
                message: message.to_owned(),
            };
            let origin = Origin::Default;
            self.problems.push(Problem::new(origin, key.clone(), what));
        }
        let mut at = Some(key.clone());
        while let Some(around) = at {
            if self.leave_out(&around) {
                if is_result {
                    self.leave_out_alike(&key, &around);
                }
                return true;
            }
            let key = around;
            at = key.parent();
            if at.as_ref().is_some_and(|table| self.leave_out_tag(table)) {
                return true;
            }
        }
        false
    }

    /// Leaves out what is around the other values at fault whose keys differ from this one only by indices and by
    /// keys of maps, as deep as `around`, which was left out around it: each table of a list that lacks the same
    /// value would take a round, which reads the whole tree.
    fn leave_out_alike(&mut self, key: &KeyPath, around: &KeyPath) {
        let depth = around.steps().len();
        let is_any = self.any_steps(key);
        if !is_any[..depth].contains(&true) {
            return;
        }
        let is_alike = |other: &&KeyPath| {
            let steps = other.steps().iter().zip(key.steps()).zip(&is_any);
            other.steps().len() == is_any.len()
                && steps
                    .into_iter()
                    .all(|((other, this), is_any)| *is_any || other == this)
        };
        let alike = self.failed.iter().filter(is_alike);
        let around: Vec<KeyPath> = alike
            .map(|other| other.steps()[..depth].iter().cloned().collect())
            .collect();
        for key in around {
            self.leave_out(&key);
        }
    }

    /// Of each step of a key, whether it is an index, or a key of a map.
    fn any_steps(&self, key: &KeyPath) -> Vec<bool> {
        let mut place = Some(self.shape.root());
        let steps = key.steps().iter().map(|step| {
            let is_field = |name: &str| {
                let mut tables = place.iter().flat_map(Place::table_kinds);
                tables.any(|kind| {
                    kind.as_table()
                        .is_none_or(|table| table.field(name).is_some())
                })
            };
            let is_any = match step {
                Step::Index(_) => true,
                Step::Key(name) => place.is_some() && !is_field(name),
            };
            place = place.as_ref().and_then(|place| place.child(step));
            is_any
        });
        steps.collect()
    }

    /// Takes a table for its default variant, which needs no key that is missing; the other tables in it stay. `false`
    /// if its tag is not set.
    fn leave_out_tag(&mut self, table: &KeyPath) -> bool {
        let Some(place) = self.shape.at(table) else {
            return false;
        };
        let tags = tags(&place, &place.table_kinds()).into_iter();
        let keys: Vec<KeyPath> = tags.map(|tag| table.key(tag)).collect();
        let is_set = |key: &&KeyPath| self.tree.get(key).is_some_and(Node::has_set_values);
        let Some(tag) = keys.iter().find(is_set).cloned() else {
            return false;
        };
        self.failed.push(tag.clone());
        self.wrong.add(&tag);
        self.leave_out(&tag)
    }

    fn blame<T: DeserializeOwned>(&self, met: &KeyPath, failure: &Failure) -> KeyPath {
        let Some(node) = self.tree.get(met) else {
            return met.clone();
        };
        // Some value inside of the list is passed over, which it cannot do without.
        let is_short = || self.wrong.has_inside(met) && self.has_least_length(met);
        match &node.value {
            Value::Table(_) => {}
            Value::List(_) if !is_short() => {}
            _ => return met.clone(),
        }
        blame::find(
            node,
            met,
            failure,
            |leaf| !self.is_name(leaf),
            |leaf| {
                let left = self.trials.get();
                if left == 0 {
                    return Some(failure.clone());
                }
                self.trials.set(left - 1);
                let mut skipped = self.skipped.clone();
                skipped.insert(leaf.clone());
                attempt::<T>(&self.tree, &skipped, None).err()
            },
        )
    }

    /// Whether a list has to have a number of values.
    fn has_least_length(&self, key: &KeyPath) -> bool {
        self.shape.at(key).is_some_and(|place| {
            let mut kinds = place.kinds().iter();
            kinds.any(|kind| matches!(kind, Kind::List(list) if list.min.is_some()))
        })
    }

    /// Whether a value is one of the names that its place allows, such as the tag of an enum.
    fn is_name(&self, key: &KeyPath) -> bool {
        self.shape.at(key).is_some_and(|place| {
            let mut kinds = place.kinds().iter();
            kinds.all(|kind| matches!(kind, Kind::Text(text) if text.one_of.is_some()))
        })
    }

    /// Replaces a value by its default, or passes it over; `false` if nothing was set there.
    fn leave_out(&mut self, key: &KeyPath) -> bool {
        let Some(node) = self.tree.get(key) else {
            return false;
        };
        if node.has_set_values()
            && let Some(default) = self.defaults.get(key)
        {
            return self.tree.insert(key, default.clone()).is_ok();
        }
        !key.is_root() && self.skipped.insert(key.clone())
    }
}
