//! The log of a whole program, as the outside sees it.
#![cfg(unix)]

mod program;
mod tests;
