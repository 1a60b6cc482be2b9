//! Extractors of axum's, with Kit's errors as their rejections.

mod form;
mod invalid;
mod json;
mod path;
mod query;
mod text;
mod valid;

pub use form::Form;
pub use json::Json;
pub use path::Path;
pub use query::Query;
pub use valid::Valid;

/// Makes an extractor stand for its value.
macro_rules! deref {
    ($extractor:ident) => {
        impl<T> std::ops::Deref for $extractor<T> {
            type Target = T;

            fn deref(&self) -> &T {
                &self.0
            }
        }

        impl<T> std::ops::DerefMut for $extractor<T> {
            fn deref_mut(&mut self) -> &mut T {
                &mut self.0
            }
        }

        impl<T> From<T> for $extractor<T> {
            fn from(value: T) -> $extractor<T> {
                $extractor(value)
            }
        }
    };
}

use deref;
