//! Walks over what is inside of a value.

use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Node, Value};

/// What one value counts for besides the length of its text.
const VALUE_COST: usize = 64;

/// Visits all that is inside of a table or a list.
pub(super) fn each_inside(
    node: &mut Node,
    at: &KeyPath,
    visit: &mut dyn FnMut(&KeyPath, &mut Node),
) {
    match &mut node.value {
        Value::Table(table) => {
            for entry in table.iter_mut() {
                let key = at.key(&entry.key);
                visit(&key, &mut entry.node);
                each_inside(&mut entry.node, &key, visit);
            }
        }
        Value::List(list) => {
            for (index, inner) in list.iter_mut().enumerate() {
                let key = at.index(index);
                visit(&key, inner);
                each_inside(inner, &key, visit);
            }
        }
        _ => {}
    }
}

fn inside(node: &Node) -> Box<dyn Iterator<Item = (Step, &Node)> + '_> {
    match &node.value {
        Value::Table(table) => Box::new(
            table
                .iter()
                .map(|entry| (Step::Key(entry.key.clone()), &entry.node)),
        ),
        Value::List(list) => {
            let indexed = list.iter().enumerate();
            Box::new(indexed.map(|(index, node)| (Step::Index(index), node)))
        }
        _ => Box::new(std::iter::empty()),
    }
}

/// The keys of all that is inside.
pub(super) fn list_keys(root: &Node) -> Vec<String> {
    fn add(node: &Node, at: &KeyPath, keys: &mut Vec<String>) {
        for (step, inner) in inside(node) {
            let key = at.step(step);
            keys.push(key.to_string());
            add(inner, &key, keys);
        }
    }
    let mut keys = Vec::new();
    add(root, &KeyPath::root(), &mut keys);
    keys
}

/// How many tables and lists are in each other.
pub(super) fn depth(node: &Node) -> usize {
    let deepest = inside(node).map(|(_, inner)| depth(inner) + 1).max();
    deepest.unwrap_or_default()
}

/// What the value counts for when it is brought.
pub(super) fn cost(node: &Node) -> usize {
    let own = VALUE_COST + node.as_text().map_or(0, str::len);
    own + inside(node).map(|(_, inner)| cost(inner)).sum::<usize>()
}
