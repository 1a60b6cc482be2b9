//! The pages of a type of settings.

use super::{checked, defaults, schema};
use crate::load::Loaded;
use crate::problem::LoadError;
use crate::read;
use crate::rules::Rules;
use crate::shape::Shape;

/// The settings in use as TOML, each with the place it comes from in a comment: what `--check-config` prints.
///
/// Secrets are masked, and so is what came from a secret or a file by a reference.
#[must_use]
pub fn checked_config<T: Rules>(loaded: &Loaded<T>) -> String {
    checked::checked(loaded.tree(), &Shape::of::<T>())
}

/// A commented TOML file with all settings, their documentation and their defaults: what
/// `--print-default-config` prints.
///
/// A setting is commented out by a `#` without a space after it; without these the file is read as the
/// defaults. Defaults that are secrets are not shown.
///
/// # Errors
///
/// If the defaults are no settings: a serializer of the type fails, or a map has keys that are no text.
pub fn default_config<T: Rules>() -> Result<String, LoadError> {
    let defaults = read::write(&T::default()).map_err(|reason| {
        LoadError::of_message(format!(
            "the defaults cannot be written as settings: {reason}"
        ))
    })?;
    Ok(defaults::defaults(&defaults, &Shape::of::<T>()))
}

/// The JSON Schema (draft 2020-12) of the settings, for editors: what `--print-config-schema` prints.
#[must_use]
pub fn config_schema<T: Rules>() -> String {
    schema::schema(&Shape::of::<T>(), &T::schema_name())
}
