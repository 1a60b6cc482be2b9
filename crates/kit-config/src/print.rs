//! Settings as pages: the merged ones, the defaults, and the JSON Schema.

mod checked;
mod defaults;
mod example;
mod pages;
mod schema;
pub(crate) mod written;

pub use pages::{checked_config, config_schema, default_config};

#[cfg(test)]
mod tests;
