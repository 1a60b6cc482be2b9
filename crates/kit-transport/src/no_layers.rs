//! A server of `simple` alone has no layers.

pub(crate) mod current {
    use std::fmt;

    /// Gives no id: a server of `simple` alone has no request with ids.
    pub fn each_current_id(take: impl FnMut(&'static str, &dyn fmt::Display)) {
        let _ = take;
    }
}

pub(crate) mod facts {
    /// In place of what layers know of a request.
    #[derive(Debug)]
    pub(crate) enum Facts {}
}

pub(crate) mod http {
    /// In place of the form of errors.
    pub(crate) use std::convert::Infallible as ErrorForm;
}
