//! Configuration for binaries on Kit: every value knows its origin, and every mistake of one load is
//! shown at once, with its place.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod check;
#[cfg(feature = "clap")]
mod command;
mod live;
mod load;
mod mask;
mod merge;
mod print;
mod problem;
mod read;
mod reference;
#[cfg(feature = "app")]
mod reload;
mod rename;
mod rules;
mod secret;
mod shape;
mod source;
#[cfg(test)]
mod testing;
mod tree;

#[cfg(feature = "clap")]
pub use command::{Asked, ConfigArgs, KeyFlags, KeyFlagsError};
pub use live::Live;
pub use load::{Loaded, Settings};
pub use print::{checked_config, config_schema, default_config};
pub use problem::{LoadError, Problem};
#[cfg(feature = "app")]
pub use reload::{
    Change, Commit, Current, ReloadError, ReloadOptions, Reloaded, Reloader, Reloads,
};
pub use rules::{Broken, IntoKeys, Rules};
pub use secret::Secret;

#[cfg(doctest)]
mod book {
    #[cfg(all(feature = "app", feature = "clap"))]
    #[doc = include_str!("../../../docs/src/configuration.md")]
    mod configuration {}
}
