//! Rounds of reading: one failure each, until there is none.

use std::cell::Cell;
use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::failure::{Failure, Reason};
use super::reader::Reader;
use super::{blame, phrase};
use crate::problem::{Problem, What};
use crate::shape::{Kind, Shape};
use crate::tree::key::KeyPath;
use crate::tree::key_set::KeySet;
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// How often a tree is read to find which value is at fault, in all rounds together.
const TRIALS: usize = 128;

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
        tree,
        defaults,
        skipped: HashSet::new(),
        problems: Vec::new(),
        trials: Cell::new(TRIALS),
        wrong: failed.iter().collect(),
        failed,
    };
    for key in rounds.failed.clone() {
        if !key.is_root() {
            rounds.leave_out(&key);
        }
    }
    let value = loop {
        match attempt::<T>(&rounds.tree, &rounds.skipped) {
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
    }
}

fn attempt<T: DeserializeOwned>(tree: &Node, skipped: &HashSet<KeyPath>) -> Result<T, Failure> {
    T::deserialize(Reader {
        node: tree,
        key: KeyPath::root(),
        skipped,
    })
}

struct Rounds<'a> {
    shape: &'a Shape,
    tree: Node,
    defaults: &'a Node,
    skipped: HashSet<KeyPath>,
    problems: Vec<Problem>,
    /// How often the tree is still read to find which value is at fault.
    trials: Cell<usize>,
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
        if !self.wrong.has_near(&key) {
            let problem = phrase::problem(self.shape, &self.tree, &key, failure);
            self.problems.push(problem);
            self.failed.push(key.clone());
            self.wrong.add(&key);
        }
        let mut at = Some(key);
        while let Some(key) = at {
            if self.leave_out(&key) {
                return true;
            }
            at = key.parent();
        }
        false
    }

    fn blame<T: DeserializeOwned>(&self, met: &KeyPath, failure: &Failure) -> KeyPath {
        let Some(node) = self.tree.get(met) else {
            return met.clone();
        };
        // Some value inside of the list, which is passed over.
        let is_shorter = || self.wrong.has_inside(met);
        match &node.value {
            Value::Table(_) => {}
            // A list of a fixed length is refused without the values that are passed over.
            Value::List(_) if !is_shorter() => {}
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
                attempt::<T>(&self.tree, &skipped).err()
            },
        )
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
