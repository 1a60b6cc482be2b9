//! Settings as pages: the merged ones, the defaults, and the JSON Schema.

mod checked;
mod defaults;
mod example;
mod schema;
mod written;

pub(crate) use checked::checked;
pub(crate) use defaults::defaults;
pub(crate) use schema::schema;

#[cfg(test)]
mod tests;
