//! The value that is at fault, where serde says only in which table it is.

use super::failure::{Failure, Reason};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// How many values are tried.
const TRIALS: usize = 256;

/// The key of the value at fault.
///
/// serde reads flattened structs and tagged enums from a copy that has no keys, so that their failures are
/// met at the table. Each value in it is left out once: if the failure is another one without it, and with
/// no other value, then it was at fault. If the other failure is that this value is missing, its struct may
/// have been read before the one at fault; so that counts only where no other value shows itself. Values
/// that cannot be at fault (`may_be`) are not tried: without the tag of an enum, nothing of it is read.
pub(super) fn find(
    node: &Node,
    key: &KeyPath,
    failure: &Failure,
    may_be: impl Fn(&KeyPath) -> bool,
    without: impl Fn(&KeyPath) -> Option<Failure>,
) -> KeyPath {
    let mut leaves = Vec::new();
    collect(node, key, &mut leaves);
    leaves.retain(may_be);
    leaves.truncate(TRIALS);
    let (mut sure, mut likely) = (Vec::new(), Vec::new());
    for leaf in leaves {
        match without(&leaf) {
            Some(other) if other == *failure => {}
            Some(other) if is_about_absence(&other, &leaf) => likely.push(leaf),
            Some(_) | None => sure.push(leaf),
        }
    }
    let blamed = if sure.is_empty() { likely } else { sure };
    match blamed.as_slice() {
        [only] => only.clone(),
        _ => key.clone(),
    }
}

fn is_about_absence(failure: &Failure, leaf: &KeyPath) -> bool {
    match (&failure.reason, leaf.steps().last()) {
        (Reason::Missing(field), Some(Step::Key(name))) => field == name,
        _ => false,
    }
}

/// The values without parts that were set, and not by default.
fn collect(node: &Node, key: &KeyPath, leaves: &mut Vec<KeyPath>) {
    match &node.value {
        Value::Table(table) => {
            for entry in table.iter() {
                collect(&entry.node, &key.key(&entry.key), leaves);
            }
        }
        Value::List(list) => {
            for (index, node) in list.iter().enumerate() {
                collect(node, &key.index(index), leaves);
            }
        }
        _ if node.origin != Origin::Default => leaves.push(key.clone()),
        _ => {}
    }
}
