//! What all connections of one server have in common.

use crate::connection::options::ConnectionOptions;
use crate::exchange::extensions::RequestExtensions;
use crate::{Context, Cut};

/// The application's side of a server, and the limits of its connections.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) ctx: Context,
    pub(crate) options: ConnectionOptions,
    pub(crate) extensions: RequestExtensions,
}

impl Serving {
    pub(crate) fn new(ctx: Context, options: ConnectionOptions) -> Serving {
        let extensions = RequestExtensions::new(ctx.extensions());
        Serving {
            ctx,
            options,
            extensions,
        }
    }

    /// Counts what was cut, by name.
    pub(crate) fn count(&self, cuts: Vec<(Cut, String)>) {
        for (what, which) in cuts {
            // The application's report names it.
            tracing::debug!(%what, %which, "cut");
            self.ctx.count_cut(what, which);
        }
    }
}
