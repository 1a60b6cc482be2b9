//! What a reload has come to.

use std::error::Error;
use std::sync::Arc;

use kit_sync::TaskError;

use super::change::Change;
use crate::{LoadError, Problem};

/// A reload that has succeeded.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Reloaded {
    /// The live settings that are different now. Without one, nothing was replaced and no subscriber was asked.
    pub changed: Vec<Change>,
    /// Fixed settings that stay as they were at the start, although they are written otherwise now.
    pub needs_restart: Vec<Change>,
    /// Settings that are right and should be written otherwise, such as by the old name of one.
    pub warnings: Vec<Problem>,
}

/// Why a reload has changed nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The new settings are wrong.
    #[error("the settings stay as they were")]
    Load(#[source] LoadError),
    /// The new settings are right as a whole, and the live ones are wrong with the fixed ones of the start.
    #[error(
        "the settings stay as they were: the new live settings do not go with the fixed ones of the \
         start, so all of them need a restart"
    )]
    Mixture(#[source] LoadError),
    /// A subscriber has refused them.
    #[error("the settings stay as they were: {subscriber} has refused the new ones")]
    Refused {
        /// The name with which it has subscribed.
        subscriber: String,
        /// Why.
        source: Arc<dyn Error + Send + Sync>,
    },
    /// Nothing was loaded: the app stops, or the loading has panicked.
    #[error("the settings stay as they were: they could not be loaded anew")]
    NotLoaded(#[source] Arc<TaskError>),
}

/// How often settings were loaded anew since the start, and what the last time has come to.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Reloads {
    /// Reloads that have ended, well or not.
    pub ended: u64,
    /// Those that have changed something.
    pub changed: u64,
    /// Those that have failed.
    pub failed: u64,
    /// What the last of them has come to.
    pub last: Option<Result<Reloaded, ReloadError>>,
}

impl Reloads {
    pub(super) fn record(&mut self, outcome: Result<Reloaded, ReloadError>) {
        self.ended += 1;
        match &outcome {
            Ok(reloaded) => self.changed += u64::from(!reloaded.changed.is_empty()),
            Err(_) => self.failed += 1,
        }
        self.last = Some(outcome);
    }
}
