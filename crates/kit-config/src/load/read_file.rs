//! The files of a load.

use std::sync::Arc;

use crate::source::layer::Layer;

/// A file that a load has read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReadFile {
    /// Its path, as it was given.
    pub(crate) name: Arc<str>,
    /// Whether it has nothing but white space and comments in it.
    pub(crate) is_blank: bool,
}

/// The files among these sources.
pub(super) fn among(layers: &[Layer]) -> Vec<ReadFile> {
    let spans = layers.iter().filter_map(|layer| layer.tree.origin.span());
    let files = spans.map(|span| ReadFile {
        name: span.name().into(),
        is_blank: span.is_of_blank_text(),
    });
    files.collect()
}
