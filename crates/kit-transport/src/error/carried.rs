//! An `ApiError` on its way through code that knows errors only.

use std::error::Error;
use std::fmt;

use super::parts::Parts;

#[derive(Debug)]
pub(super) struct Carried(pub(super) Box<Parts>);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Carried {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
