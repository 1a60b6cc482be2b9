//! Sources that could not be read to their end, and the values that are not known for that.

use std::collections::HashSet;

use super::order::Order;
use crate::problem::{Problem, What};
use crate::source::layer::Layer;
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;

/// The lists and tables of which a part could not be read. The root is one wherever there is any: its other values
/// are whole.
#[derive(Debug, Default)]
pub(super) struct Cut(HashSet<KeyPath>);

impl Cut {
    /// Of these sources.
    pub(super) fn of(layers: &[Layer]) -> Cut {
        Cut(layers
            .iter()
            .flat_map(|layer| layer.cut.iter().cloned())
            .collect())
    }

    /// Whether a problem may be none once the rest is read: a key is missing in such a table, or such a table or list
    /// is none that its setting takes.
    pub(super) fn explains(&self, problem: &Problem) -> bool {
        let table = problem.key.parent();
        let is_missing = matches!(problem.what, What::Missing { .. })
            && table.is_some_and(|table| self.0.contains(&table));
        is_missing || self.0.contains(&problem.key)
    }

    /// Whether a value is such a list or table, or has one inside.
    pub(super) fn is_in(&self, key: &KeyPath) -> bool {
        let mut cut = self.0.iter().filter(|cut| !cut.is_root());
        cut.any(|cut| cut.is_within(key))
    }
}

/// Whether what was not read of these sources cannot change a value of this origin: it counts as much as the last of
/// them, or more.
pub(super) fn is_known(layers: &[Layer], order: &Order, origin: &Origin) -> bool {
    let cut = layers.iter().filter(|layer| !layer.cut.is_empty());
    let last = cut.map(|layer| order.source(&layer.tree.origin)).max();
    match (last, origin) {
        (None, _) => true,
        (Some(_), Origin::Default) => false,
        (Some(last), origin) => order.source(origin) >= last,
    }
}

/// The values of a source that could not be read, or not to their end. A mistake of the tree at one of these places
/// is a result of that.
pub(super) fn unread(layer: &Layer) -> HashSet<&KeyPath> {
    let problems = layer.problems.iter();
    let syntax = problems.filter(|problem| matches!(problem.what, What::Syntax { .. }));
    let keys = syntax.map(|problem| &problem.key).chain(&layer.cut);
    keys.filter(|key| !key.is_root()).collect()
}
