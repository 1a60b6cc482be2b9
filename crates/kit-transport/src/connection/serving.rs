//! What all connections of one server have in common.

use crate::connection::options::ConnectionOptions;
use crate::{Context, Cut};

/// The application's side of a server, and the limits of its connections.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) ctx: Context,
    pub(crate) options: ConnectionOptions,
}

impl Serving {
    /// Counts what was cut, by name.
    pub(crate) fn count(&self, cuts: Vec<(Cut, String)>) {
        for (what, which) in cuts {
            // The application's report names it.
            tracing::debug!(%what, %which, "cut");
            self.ctx.count_cut(what, which);
        }
    }
}
