//! Keys under which settings were known before.

use crate::mask;
use crate::problem::{Problem, What};
use crate::shape::{Place, Shape};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Node, Value};

/// What became of the old keys of a tree.
#[derive(Debug, Default)]
pub(crate) struct Renamed {
    /// One for each old key.
    pub(crate) warnings: Vec<Problem>,
    pub(crate) problems: Vec<Problem>,
}

/// Moves the values under old keys to their new ones; both set is a problem, and the new one counts.
pub(crate) fn rename(shape: &Shape, tree: &mut Node) -> Renamed {
    let mut moves = Vec::new();
    collect(&shape.root(), &KeyPath::root(), tree, &mut moves);
    let mut renamed = Renamed::default();
    for (old, new) in moves {
        if let Some(node) = tree.get(&old) {
            // Where both are set, or there is no way to the new key, no later step meets the value.
            mask::hide(node, shape.at(&new).as_ref());
        }
        renamed.move_value(tree, &old, &new);
    }
    renamed
}

impl Renamed {
    fn move_value(&mut self, tree: &mut Node, old: &KeyPath, new: &KeyPath) {
        let Some(node) = tree.get(old).cloned() else {
            return;
        };
        let origin = key_origin(tree, old).unwrap_or_else(|| node.origin.clone());
        if let Some(other) = tree.get(new) {
            let message = format!(
                "is the old name of `{new}`, which is set as well ({}): remove the old one",
                other.first_origin()
            );
            let what = What::Other { message };
            self.problems.push(Problem::new(origin, old.clone(), what));
            tree.remove(old);
            return;
        }
        tree.remove(old);
        let message = format!("has a new name, `{new}`; the old one still works");
        let what = What::Other { message };
        if let Err(node) = tree.insert(new, node) {
            let what = What::Other {
                message: format!("is the old name of `{new}`, whose table is not one here"),
            };
            let origin = node.first_origin().clone();
            self.problems.push(Problem::new(origin, old.clone(), what));
            return;
        }
        self.warnings.push(Problem::new(origin, old.clone(), what));
    }
}

/// Where the key stands in its table; a variable or a flag names the setting itself.
fn key_origin(tree: &Node, key: &KeyPath) -> Option<crate::tree::origin::Origin> {
    let Some(Step::Key(name)) = key.steps().last() else {
        return None;
    };
    let table = tree.get(&key.parent()?)?.as_table()?;
    let entry = table.entry(name)?;
    match entry.node.as_table() {
        Some(_) if entry.node.origin.is_untyped() => Some(entry.node.first_origin().clone()),
        _ => Some(entry.origin.clone()),
    }
}

/// Each old key that is set, with the new one, outer tables first.
///
/// The walk goes along the tree, and so has an end where the shape has none; it goes also into what
/// stands under an old key, as keys inside of it can have new names as well.
fn collect(place: &Place<'_>, key: &KeyPath, node: &Node, moves: &mut Vec<(KeyPath, KeyPath)>) {
    match &node.value {
        Value::Table(table) => {
            for name in place.keys() {
                let Some(child) = place.child(&Step::Key(name.to_owned())) else {
                    continue;
                };
                let new = key.key(name);
                for was in child.was() {
                    let (from, was) = match was.strip_prefix('/') {
                        Some(was) => (KeyPath::root(), was),
                        None => (key.clone(), was),
                    };
                    let steps = was.split('.').map(|step| Step::Key(step.to_owned()));
                    let steps: KeyPath = steps.collect();
                    let old: KeyPath = from.steps().iter().chain(steps.steps()).cloned().collect();
                    let found = match from.is_root() && !key.is_root() {
                        // The root is not at hand: the move itself looks whether there is such a key.
                        true => None,
                        false => node.get(&steps),
                    };
                    moves.push((old, new.clone()));
                    if let Some(found) = found {
                        collect(&child, &new, found, moves);
                    }
                }
            }
            for entry in table.iter() {
                let step = Step::Key(entry.key.clone());
                if let Some(child) = place.child(&step) {
                    collect(&child, &key.step(step), &entry.node, moves);
                }
            }
        }
        Value::List(list) => {
            for (index, node) in list.iter().enumerate() {
                if let Some(child) = place.child(&Step::Index(index)) {
                    collect(&child, &key.index(index), node, moves);
                }
            }
        }
        _ => {}
    }
}
