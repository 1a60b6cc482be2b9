//! A tree of settings, checked along the shape that it should have.

use crate::problem::Problem;
use crate::shape::Shape;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;
use crate::tree::origin::Origin;

mod found;
mod hint;
mod inline;
mod untyped;
mod walk;

pub(crate) use found::found;

/// Which tree is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// That of one source: what is missing in it may stand in another one, and so may the tag that says
    /// which variant of an enum it is for.
    Layer,
    /// The one of all sources, in which nothing is missing.
    Merged,
}

/// A tree that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// Without unknown keys; the texts of variables, flags and remote stores are what their settings
    /// take. A value at fault is still in it, so that no index in a list changes.
    pub(crate) tree: Node,
    pub(crate) problems: Vec<Problem>,
    /// The values at fault.
    pub(crate) failed: Vec<(KeyPath, Origin)>,
}

/// Checks a tree; all that is wrong with it is found, in the order of its places.
pub(crate) fn check(shape: &Shape, tree: &Node, stage: Stage) -> Checked {
    let mut walk = walk::Walk::new(shape, stage);
    let tree = walk.node(&shape.root(), &KeyPath::root(), tree);
    walk.finish(tree)
}
