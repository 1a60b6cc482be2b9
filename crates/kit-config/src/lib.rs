//! Configuration for binaries on Kit: every value knows its origin, and every mistake of one load is
//! shown at once, with its place.

mod check;
mod load;
mod merge;
mod print;
mod problem;
mod read;
mod reference;
mod rename;
mod rules;
mod secret;
mod shape;
mod source;
#[cfg(test)]
mod testing;
mod tree;

pub use load::{Loaded, Settings};
pub use problem::{LoadError, Problem};
pub use rules::{Broken, IntoKeys, Rules};
pub use secret::Secret;
