//! Panics as values: a message, and where it happened.

mod caught;
mod observed;

pub(crate) use caught::{Caught, catch, discard};
pub use caught::{install_hook, message, take_location};
pub use observed::is_observed;
