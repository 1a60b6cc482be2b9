//! Settings from their tree, and their tree from settings.

mod blame;
mod failure;
mod key;
mod phrase;
mod reader;
mod rounds;
mod writer;

pub(crate) use rounds::read;
pub(crate) use writer::write;

#[cfg(test)]
mod tests;
