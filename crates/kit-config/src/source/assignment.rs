//! Settings one by one, as variables and flags give them, put together into a tree.

use super::layer::{Layer, MAX_DEPTH};
use crate::problem::{Problem, What};
use crate::tree::key::{KeyPath, Step};
use crate::tree::node::{Node, Value};
use crate::tree::origin::Origin;

/// One setting. Its text means what the setting's type makes of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment {
    pub(super) key: KeyPath,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// What a second assignment to the same key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeated {
    /// The later one counts, as with the flags of most commands.
    Counts,
    IsProblem,
}

/// Puts assignments into a tree.
///
/// Single elements of a list are set by a table whose keys are their indices: the other elements, which
/// a lower layer has, are not known here. A value whose parts are set as well is a problem, because one
/// of both would not count.
pub(super) fn gather(
    origin: Origin,
    assignments: impl IntoIterator<Item = Assignment>,
    repeated: Repeated,
) -> Layer {
    let mut layer = Layer::empty(origin);
    for assignment in assignments {
        if let Err(problem) = put(&mut layer.tree, assignment, repeated) {
            layer.problems.push(problem);
        }
    }
    layer
}

/// Puts one assignment in its place.
///
/// The tables on the way are looked at from the inside out: a text among them is a whole whose part is
/// set here. At the place itself a table is a part whose whole is set here, and a text a first setting.
fn put(tree: &mut Node, assignment: Assignment, repeated: Repeated) -> Result<(), Problem> {
    let Assignment { key, text, origin } = assignment;
    if key.steps().len() > MAX_DEPTH {
        // Its first steps say where: later work on a problem grows with the square of its key.
        let begin: KeyPath = key.steps().iter().take(MAX_DEPTH).cloned().collect();
        return Err(Problem::new(origin, begin, What::too_deep(MAX_DEPTH)));
    }
    let problem = |what| Problem::new(origin.clone(), key.clone(), what);
    let place: KeyPath = key.steps().iter().map(as_key).collect();
    let mut whole = place.parent();
    while let Some(key) = whole.filter(|key| !key.is_root()) {
        if let Some(node) = tree.get(&key).filter(|node| node.as_table().is_none()) {
            let message = format!(
                "a part of `{key}` is set here, and the whole of it by {}: one of both has to go",
                node.origin
            );
            return Err(problem(What::Other { message }));
        }
        whole = key.parent();
    }
    match tree.get(&place) {
        Some(node) if node.as_table().is_some() => {
            let message = format!(
                "the whole of it is set here, and a part of it by {}: one of both has to go",
                node.origin
            );
            return Err(problem(What::Other { message }));
        }
        Some(node) if repeated == Repeated::IsProblem => {
            let first = node.origin.clone();
            return Err(problem(What::Duplicate { first }));
        }
        _ => {}
    }
    let node = Node::new(Value::Text(text), origin.clone());
    tree.insert(&place, node)
        .map_err(|_| unreachable_place(&origin, &key))
}

/// No value is in the way of a place whose parents are all tables: this is for the compiler.
fn unreachable_place(origin: &Origin, key: &KeyPath) -> Problem {
    let message = "there is no place for it".to_owned();
    Problem::new(origin.clone(), key.clone(), What::Other { message })
}

fn as_key(step: &Step) -> Step {
    match step {
        Step::Key(key) => Step::Key(key.clone()),
        Step::Index(index) => Step::Key(index.to_string()),
    }
}
