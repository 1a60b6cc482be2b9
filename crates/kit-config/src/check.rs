//! A tree of settings, checked along the shape that it should have.

use crate::shape::Shape;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;

mod checked;
mod fit;
mod found;
mod hint;
mod inline;
mod untyped;
mod walk;
mod wording;

pub(crate) use checked::{Checked, Stage};
pub(crate) use found::found;

/// Checks a tree; all that is wrong with it is found, in the order of its places.
pub(crate) fn check(shape: &Shape, tree: &Node, stage: Stage) -> Checked {
    let mut walk = walk::Walk::new(shape, stage);
    let tree = walk.node(&shape.root(), &KeyPath::root(), tree);
    walk.finish(tree)
}
