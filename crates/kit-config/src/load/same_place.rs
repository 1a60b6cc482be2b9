//! Values that are hidden at another place of the tree.

use crate::problem::{Problem, What};
use crate::secret::MASK;
use crate::tree::text::Span;

/// Masks the value that a message shows, if what was written is hidden: an alias in YAML stands for a value that is
/// secret where its anchor is, or where another alias of it is, and that place may be checked later.
pub(super) fn mask_hidden(problems: &mut [Problem]) {
    for problem in problems {
        let is_hidden = problem.origin.span().is_some_and(Span::is_hidden);
        if let What::Type { found, .. } = &mut problem.what
            && is_hidden
            && is_value(found)
        {
            *found = MASK.to_owned();
        }
    }
}

/// Whether a message shows a value itself, and not only its kind: `a list`, `nothing (null)`.
fn is_value(found: &str) -> bool {
    !found.starts_with("a ") && !found.starts_with("an ") && !found.starts_with("nothing ")
}
