//! Metrics are among the standard layers.

pub(super) use crate::layers::metrics::{Metrics, metrics};
