//! User and password of a URL.

use std::ops::Range;

/// Where user and password stand in a URL, which an `@` ends. An `@` behind the host makes it longer than it is.
pub(crate) fn userinfo(text: &str) -> Option<Range<usize>> {
    let start = text.find("://").map_or(0, |at| at + "://".len());
    let end = text.rfind('@').filter(|at| *at >= start)?;
    Some(start..end)
}
