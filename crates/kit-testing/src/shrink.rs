//! A case that breaks a rule, made smaller until nothing of it can go.

mod behaviours;
mod cases;
mod parts;
mod plainer;

use crate::script::Case;
use cases::smaller;

/// How many cases are tried at most.
const MOST: usize = 2_000;

/// The smallest case that still `fails`, as far as single steps lead: a part is left out, a call made to
/// succeed, a time made shorter, the interruption plainer and earlier.
///
/// Each step that still fails is taken, and the search begins anew from there. Every step makes a case
/// smaller in one of these ways, so it comes to an end.
pub fn smallest(case: &Case, mut fails: impl FnMut(&Case) -> bool) -> Case {
    let mut smallest = case.clone();
    let mut tried = 0;
    'search: loop {
        for next in smaller(&smallest) {
            tried += 1;
            if tried > MOST {
                return smallest;
            }
            if fails(&next) {
                smallest = next;
                continue 'search;
            }
        }
        return smallest;
    }
}
