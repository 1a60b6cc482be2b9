//! Which tree is checked, and the outcome.

use crate::problem::Problem;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;
use crate::tree::origin::Origin;

/// Which tree is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// That of one source: a value that it lacks may stand in another one, and so may the tag that says
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
