//! The keys that are valid now.

use std::sync::Arc;

use kit_sync::Published;

use super::key::Key;
use super::key_error::KeyError;

/// The keys that are valid now: a handle, whose clones share them. Tokens that come after a
/// [`replace`](Self::replace) are verified by the new ones.
///
/// To rotate without a refusal, add the issuer's next key before it signs with it, and remove the old
/// one after the last of its tokens has expired.
#[derive(Clone, Debug)]
pub struct Keys(Arc<Published<Vec<Key>>>);

impl Keys {
    /// With these keys.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(keys: impl IntoIterator<Item = Key>) -> Result<Keys, KeyError> {
        Ok(Keys(Arc::new(Published::new(collect(keys)?))))
    }

    /// Has these keys from now on, in place of the earlier ones. A hook of `on_reload` reads them from
    /// their files and gives them.
    ///
    /// # Errors
    /// When there is none; the earlier ones stay.
    pub fn replace(&self, keys: impl IntoIterator<Item = Key>) -> Result<(), KeyError> {
        self.0.store(collect(keys)?);
        Ok(())
    }

    /// The present ones.
    pub(super) fn load(&self) -> Arc<Vec<Key>> {
        self.0.load()
    }
}

fn collect(keys: impl IntoIterator<Item = Key>) -> Result<Vec<Key>, KeyError> {
    let keys: Vec<_> = keys.into_iter().collect();
    if keys.is_empty() {
        return Err(KeyError::Empty);
    }
    Ok(keys)
}
