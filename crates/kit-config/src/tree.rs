//! Settings as a tree, in which each value knows where it was written.

mod hidden;
pub(crate) mod key;
pub(crate) mod key_set;
pub(crate) mod node;
pub(crate) mod origin;
pub(crate) mod text;
