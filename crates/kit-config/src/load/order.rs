//! The order of problems.

use std::collections::HashMap;

use crate::problem::Problem;
use crate::source::layer::Layer;
use crate::tree::origin::Origin;
use crate::tree::text::Span;

/// The names of the files, with the place of each in the order of their sources.
pub(super) struct Order(HashMap<String, usize>);

/// A place in the order: the source, then the byte in it.
type Rank = (usize, usize);

impl Order {
    pub(super) fn of<'l>(layers: impl IntoIterator<Item = &'l Layer>) -> Order {
        let names = layers.into_iter().flat_map(|layer| {
            let problems = layer.problems.iter().map(|problem| &problem.origin);
            std::iter::once(&layer.tree.origin).chain(problems)
        });
        let mut places = HashMap::new();
        for name in names.filter_map(name) {
            let next = places.len();
            places.entry(name.to_owned()).or_insert(next);
        }
        Order(places)
    }

    /// Whether a problem is about one of these files.
    pub(super) fn has(&self, problem: &Problem) -> bool {
        name(&problem.origin).is_some_and(|name| self.0.contains_key(name))
    }

    /// The place of its source.
    pub(super) fn source(&self, origin: &Origin) -> usize {
        self.rank(origin).0
    }

    /// Sorts by source and place; those of one place stay as they are.
    pub(super) fn sort(&self, problems: &mut [Problem]) {
        problems.sort_by_key(|problem| self.rank(&problem.origin));
    }

    fn rank(&self, origin: &Origin) -> Rank {
        let last = self.0.len();
        let known = name(origin).and_then(|name| self.0.get(name));
        let source = match (known, origin) {
            (Some(place), _) => *place,
            (None, Origin::Variable(_)) => last + 2,
            (None, Origin::Flag(_)) => last + 3,
            (None, Origin::Default) => last + 4,
            (None, _) => last + 1,
        };
        (source, origin.span().map_or(0, Span::start))
    }
}

fn name(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Whole(name) => Some(name),
        _ => origin.span().map(Span::name),
    }
}
