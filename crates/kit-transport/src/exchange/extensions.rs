//! The extensions of a request when its handler gets it.

use std::sync::Arc;

use http::Extensions;

use crate::exchange::call_context::CallContext;

/// What every request of a server begins with: the values that the application's author added, and
/// room for the entries to come.
///
/// A map of extensions has room for three entries at first, as many as axum adds. The driver's one
/// would make it grow, which costs a request more than the entry does. A clone keeps its room.
#[derive(Clone, Debug)]
pub(crate) struct RequestExtensions(Arc<Extensions>);

/// Makes a map of extensions grow, and does not stay in it.
#[derive(Clone, Copy)]
struct Filler<const N: usize>;

impl RequestExtensions {
    /// Those of a server whose application's author has added these.
    pub(crate) fn new(added: &Extensions) -> RequestExtensions {
        let mut extensions = Extensions::new();
        extensions.insert(Filler::<0>);
        extensions.insert(Filler::<1>);
        extensions.insert(Filler::<2>);
        extensions.insert(Filler::<3>);
        extensions.clear();
        extensions.extend(added.clone());
        RequestExtensions(Arc::new(extensions))
    }

    /// Adds them to those of a request, with its context.
    pub(crate) fn add_to(&self, extensions: &mut Extensions, call: CallContext) {
        let own = (*self.0).clone();
        if extensions.is_empty() {
            *extensions = own;
        } else {
            extensions.extend(own);
        }
        extensions.insert(call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_begins_with_what_was_added_and_with_nothing_else() {
        assert!(RequestExtensions::new(&Extensions::new()).0.is_empty());
        let mut added = Extensions::new();
        added.insert("added");
        let extensions = RequestExtensions::new(&added).0;
        assert_eq!((extensions.len(), extensions.get()), (1, Some(&"added")));
    }
}
