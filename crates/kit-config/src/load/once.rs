//! One problem for one mistake, which several steps find.

use std::collections::HashMap;

use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;
use crate::tree::text::Span;

/// Whether they are about two values of one flag, which can be given twice.
fn is_of_other_value(this: &Problem, that: &Problem) -> bool {
    match (&this.what, &that.what) {
        (What::Type { found: one, .. }, What::Type { found: other, .. }) => {
            matches!(this.origin, Origin::Flag(_)) && one != other
        }
        _ => false,
    }
}

/// Without those about the same place of the same key, which several steps find. Rules are separate mistakes:
/// of two about one key each says another thing.
pub(super) fn each_once(problems: Vec<Problem>) -> Vec<Problem> {
    let mut once: Vec<Problem> = Vec::new();
    let is_rule = |problem: &Problem| matches!(problem.what, What::Rule { .. });
    let mut met: HashMap<(KeyPath, Option<usize>), Vec<usize>> = HashMap::new();
    for problem in problems {
        let start = problem.origin.span().map(Span::start);
        let others = met.entry((problem.key.clone(), start)).or_default();
        let is_same = |other: &Problem| {
            other == &problem
                || (other.origin == problem.origin
                    && !problem.key.is_root()
                    && !is_rule(other)
                    && !is_rule(&problem)
                    && !is_of_other_value(other, &problem))
        };
        if !others.iter().any(|at| is_same(&once[*at])) {
            others.push(once.len());
            once.push(problem);
        }
    }
    once
}
