//! In place of the etcd backend, without the feature `etcd`.

use crate::Error;
use crate::backend::Open;

/// The opener of the scheme `etcd`: there is none.
pub(crate) const OPEN: Option<Open> = None;

/// The opener of the scheme `etcds`: there is none.
pub(crate) const OPEN_ENCRYPTED: Option<Open> = None;

/// Looks at no URL, as no URL gets here.
pub(crate) fn check(_: &str) -> Result<(), Error> {
    Ok(())
}
