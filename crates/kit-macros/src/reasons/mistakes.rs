//! Mistakes of one derive, reported together.

use syn::{Error, Result};

#[derive(Default)]
pub(super) struct Mistakes(Option<Error>);

impl Mistakes {
    pub(super) fn add(&mut self, mistake: Error) {
        match &mut self.0 {
            None => self.0 = Some(mistake),
            Some(all) => all.combine(mistake),
        }
    }

    /// The value, or its mistake is added.
    pub(super) fn take<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|mistake| self.add(mistake)).ok()
    }

    /// All of them, if there are any.
    pub(super) fn none(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
