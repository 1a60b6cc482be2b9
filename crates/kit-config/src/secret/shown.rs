//! How Kit's own serializer sees a secret.
//!
//! Every serializer meets a newtype struct of this [`NAME`], in which `***` stands. Kit's own, which makes
//! the tree of the defaults, knows the name and serializes the inside of it [`within`] this room; so the
//! value is shown for as long as that one value is written, on that thread, and to that serializer.

use std::cell::Cell;

/// The newtype struct as which a secret is serialized.
pub(crate) const NAME: &str = "kit_config::Secret";

thread_local! {
    static SHOWN: Cell<bool> = const { Cell::new(false) };
}

/// Shows the secret that `write` serializes; hidden again also when it panics.
pub(crate) fn within<R>(write: impl FnOnce() -> R) -> R {
    let _before = Restore(SHOWN.replace(true));
    write()
}

pub(super) fn is_here() -> bool {
    SHOWN.get()
}

struct Restore(bool);

impl Drop for Restore {
    fn drop(&mut self) {
        SHOWN.set(self.0);
    }
}
