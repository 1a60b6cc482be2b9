//! A script with its interruption: everything that decides a run.

use super::{Interruption, Script};

/// A script with its interruption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The script.
    pub script: Script,
    /// What interrupts it.
    pub interruption: Interruption,
}
