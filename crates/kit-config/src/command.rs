//! The command line of a program with settings, for programs that use clap.

mod args;
mod error;
mod flag;
mod flags;
mod misspelt;

pub use args::{Asked, ConfigArgs};
pub use error::KeyFlagsError;
pub use flags::KeyFlags;

#[cfg(test)]
mod tests;
