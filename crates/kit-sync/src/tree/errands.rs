//! The words for the errands of a scope's tasks.

use std::fmt;
use std::num::NonZeroU64;

use crate::sync::OnceLock;

type Words = dyn Fn(NonZeroU64) -> Option<String> + Send + Sync;

/// The function that puts the number of an errand into words, if the scope has one.
#[derive(Default)]
pub(super) struct Errands(OnceLock<Box<Words>>);

impl Errands {
    /// The first call counts.
    pub(super) fn set(&self, words: Box<Words>) {
        let _ = self.0.set(words);
    }

    /// `None` without a function; otherwise its result.
    pub(super) fn describe(&self, errand: NonZeroU64) -> Option<Option<String>> {
        self.0.get().map(|words| words(errand))
    }
}

impl fmt::Debug for Errands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_set = self.0.get().is_some();
        f.debug_tuple("Errands").field(&is_set).finish()
    }
}
