//! Settings as a tree, in which each value knows where it was written.

pub(crate) mod key;
pub(crate) mod node;
pub(crate) mod origin;
pub(crate) mod text;
