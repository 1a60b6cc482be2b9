//! What one source gave.

use std::sync::Arc;

use crate::problem::Problem;
use crate::tree::key::KeyPath;
use crate::tree::node::Node;
use crate::tree::origin::Origin;
use crate::tree::text::{SourceText, Span};

/// How deep tables and lists may be nested, in every source. Nothing that is set by hand comes near it,
/// and each walk along a tree is sure of its stack.
pub(crate) const MAX_DEPTH: usize = 64;

/// What one source gave: a file, the environment, the command line, or a remote store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    /// What could be read; its root is always a table.
    pub(crate) tree: Node,
    /// What could not be read. A value at fault is not in the tree, and its key is the problem's where
    /// it is known.
    pub(crate) problems: Vec<Problem>,
    /// The lists and tables in which a mistake of the form ended the reading: more may have stood in them.
    pub(crate) cut: Vec<KeyPath>,
}

impl Layer {
    /// A source in which nothing is set.
    pub(crate) fn empty(origin: Origin) -> Layer {
        Layer {
            tree: Node::empty(origin),
            problems: Vec::new(),
            cut: Vec::new(),
        }
    }

    /// A text in which nothing is set.
    pub(crate) fn of_text(text: &Arc<SourceText>) -> Layer {
        Layer::empty(Origin::File(Span::new(text, 0..0)))
    }

    /// A source that could not be read at all.
    pub(crate) fn failed(problem: Problem) -> Layer {
        Layer {
            tree: Node::empty(problem.origin.clone()),
            problems: vec![problem],
            cut: Vec::new(),
        }
    }
}
