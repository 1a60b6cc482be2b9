//! Configuration for binaries on Kit: every value knows its origin, and every mistake of one load is
//! shown at once, with its place.

mod check;
mod problem;
mod read;
mod reference;
mod secret;
mod shape;
mod source;
mod tree;

pub use problem::{LoadError, Problem};
pub use secret::Secret;
