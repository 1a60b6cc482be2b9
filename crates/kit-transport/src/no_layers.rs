//! A server of `simple` alone has no layers.

pub(crate) mod facts {
    /// In place of what layers know of a request.
    #[derive(Debug)]
    pub(crate) enum Facts {}
}
