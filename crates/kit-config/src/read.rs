//! Settings from their tree, and their tree from settings.

mod blame;
mod compound;
mod failure;
mod key;
mod phrase;
mod reader;
mod rounds;
mod writer;
mod written;

pub(crate) use rounds::read;
pub(crate) use writer::write;

#[cfg(test)]
mod tests;
