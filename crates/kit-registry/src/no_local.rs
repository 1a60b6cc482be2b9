//! In place of the directory backend, without the feature `local`.

use crate::backend::Open;

/// The opener of the scheme `local`: there is none.
pub(crate) const OPEN: Option<Open> = None;
