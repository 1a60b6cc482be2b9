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

pub(crate) use reader::FieldNames;
pub(crate) use rounds::{Read, read};
pub(crate) use writer::write;

#[cfg(test)]
mod tests;
