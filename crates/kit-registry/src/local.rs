//! The registry in a directory: the processes of one machine find each other with nothing installed.
//!
//! Each instance is one file, which its process writes anew for each change (a temporary file that is
//! renamed) and touches three times within `ttl`. A file that is not touched for that long is not shown
//! any more, and deleted later. A lock on the directory makes each change of a file and the look before it
//! one step, so of two processes with one id one owns it. There is no daemon: each view reads the
//! directory, when the system gives notice of a change, at regular times, and when an entry may run out.

mod account;
mod directory;
mod entry;
mod notices;
mod registrar;
mod scan;
mod upstream;
mod url;

use std::sync::Arc;

use kit_sync::Scope;

use crate::backend::Open;
use crate::{Backend, Error, Reach, Remarks};
use directory::Directory;
use registrar::LocalRegistrar;
use upstream::LocalDiscovery;
use url::Location;

/// The opener of the scheme `local`.
pub(crate) const OPEN: Option<Open> = Some(open);

/// Looks at a URL as the opener does.
pub(crate) fn check(url: &str) -> Result<(), Error> {
    url::parse(url).map(drop)
}

fn open(url: &str, scope: &Scope) -> Result<Backend, Error> {
    let location = url::parse(url)?;
    let remarks = Remarks::new();
    let directory = Arc::new(Directory::new(location.path.clone()));
    let Location { ttl, poll, .. } = location;
    let description = directory.description().to_owned();
    let discovery =
        LocalDiscovery::new(Arc::clone(&directory), poll, remarks.clone(), scope.clone());
    let discovery = Arc::new(discovery);
    let registrar = LocalRegistrar::new(
        directory,
        ttl,
        Arc::clone(&discovery),
        remarks,
        scope.clone(),
    );
    Ok(Backend::new(description, Arc::new(registrar), discovery).reach(Reach::Machine))
}
