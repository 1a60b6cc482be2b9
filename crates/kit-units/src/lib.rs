//! Durations and sizes as people write them, in files, variables and flags; and [options that are
//! wrong](WrongOption).
//!
//! | text | is |
//! |---|---|
//! | `250ms`, `90s`, `1m 30s`, `1h30m`, `1.5s`, `0s` | a duration: [`parse_duration`] |
//! | `16MiB`, `64KiB`, `10MB`, `512B`, `4096` | a size in bytes: [`parse_size`] |
//!
//! A duration always has a unit: `30` could be seconds or milliseconds, and one of them is wrong. Every
//! error names the text and what would be right.
//!
//! For fields of settings there is, with the feature `serde`, a serde module for each kind, used by
//! `#[serde(with = "…")]`: `duration`, `limit` (a duration or `"off"`), `optional_duration` (left out for a
//! default from elsewhere), `size` and `size_limit` (a size or `"off"`). With the feature `schema` each has its JSON Schema in `schema`, for `#[schemars(with = "…")]`.
//!
//! ```
//! # #[cfg(feature = "serde")]
//! # fn example() -> Result<(), toml::de::Error> {
//! use std::time::Duration;
//!
//! #[derive(serde::Deserialize)]
//! #[serde(default, deny_unknown_fields)]
//! struct Options {
//!     #[serde(with = "kit_units::duration")]
//!     idle: Duration,
//!     #[serde(with = "kit_units::limit")]
//!     max_age: Option<Duration>,
//!     #[serde(with = "kit_units::size")]
//!     max_head: usize,
//!     #[serde(with = "kit_units::size_limit")]
//!     max_body: Option<u64>,
//! }
//!
//! impl Default for Options {
//!     fn default() -> Options {
//!         Options {
//!             idle: Duration::from_secs(75),
//!             max_age: Some(Duration::from_secs(1800)),
//!             max_head: 65_536,
//!             max_body: None,
//!         }
//!     }
//! }
//!
//! let options: Options = toml::from_str(
//!     r#"
//!         idle = "1m 30s"
//!         max_age = "off"
//!         max_body = "16MiB"
//!     "#,
//! )?;
//! assert_eq!(options.idle, Duration::from_secs(90));
//! assert_eq!(options.max_age, None);
//! assert_eq!(options.max_head, 65_536);
//! assert_eq!(options.max_body, Some(16_777_216));
//!
//! let wrong = toml::from_str::<Options>("idle = 30").err().expect("no unit");
//! assert!(wrong.message().starts_with("30 has no unit: write \"30s\""));
//! # Ok(())
//! # }
//! # #[cfg(feature = "serde")]
//! # example().expect("options");
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "serde")]
pub mod duration;
mod duration_text;
mod error;
#[cfg(feature = "serde")]
pub mod limit;
#[cfg(feature = "serde")]
pub mod optional_duration;
mod parts;
#[cfg(feature = "schema")]
pub mod schema;
#[cfg(feature = "serde")]
pub mod size;
#[cfg(feature = "serde")]
pub mod size_limit;
mod size_text;
#[cfg(feature = "serde")]
mod written;
mod wrong_option;

pub use duration_text::{format_duration, parse_duration};
pub use error::UnitError;
pub use size_text::{format_size, parse_size};
pub use wrong_option::WrongOption;
