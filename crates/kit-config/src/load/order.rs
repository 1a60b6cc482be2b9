//! The order of problems.

use crate::problem::Problem;
use crate::source::layer::Layer;
use crate::tree::origin::Origin;
use crate::tree::text::Span;

/// The names of the files, in the order of their sources.
pub(super) struct Order(Vec<String>);

/// A place in the order: the source, then the line and the column.
type Rank = (usize, usize, usize);

impl Order {
    pub(super) fn of<'l>(layers: impl IntoIterator<Item = &'l Layer>) -> Order {
        let names = layers.into_iter().flat_map(|layer| {
            let problems = layer.problems.iter().map(|problem| &problem.origin);
            std::iter::once(&layer.tree.origin).chain(problems)
        });
        Order(names.filter_map(name).map(str::to_owned).collect())
    }

    /// Whether a problem is about one of these files.
    pub(super) fn has(&self, problem: &Problem) -> bool {
        name(&problem.origin).is_some_and(|name| self.0.iter().any(|other| other == name))
    }

    /// Sorts by source and place; those of one place stay as they are.
    pub(super) fn sort(&self, problems: &mut [Problem]) {
        problems.sort_by_key(|problem| self.rank(&problem.origin));
    }

    fn rank(&self, origin: &Origin) -> Rank {
        let last = self.0.len();
        let known = name(origin).and_then(|name| self.0.iter().position(|other| other == name));
        let source = match origin {
            _ if known.is_some() => known.unwrap_or(last),
            Origin::Variable(_) => last + 2,
            Origin::Flag(_) => last + 3,
            Origin::Default => last + 4,
            _ => last + 1,
        };
        let span = origin.span();
        let line = span.map_or(0, Span::line);
        let column = span.map_or(0, Span::column);
        (source, line, column)
    }
}

fn name(origin: &Origin) -> Option<&str> {
    match origin {
        Origin::Whole(name) => Some(name),
        _ => origin.span().map(Span::name),
    }
}
