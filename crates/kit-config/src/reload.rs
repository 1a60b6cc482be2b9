//! Settings that are loaded anew while the app runs.

mod change;
mod current;
mod emptied;
mod engine;
mod fresh;
mod marks;
mod mix;
mod option;
mod options;
mod outcome;
mod referred;
mod reloader;
mod same;
mod source;
mod subscriber;
mod turn;
mod watch;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

pub use change::Change;
pub use current::Current;
pub use options::ReloadOptions;
pub use outcome::{ReloadError, Reloaded, Reloads};
pub use reloader::Reloader;
pub use subscriber::Commit;
