//! Where a watcher has to look for files.

use super::{Files, Location};

/// Where files are, or could come to be.
pub(crate) fn places(files: &Files) -> Vec<Location> {
    let of_profiles = files
        .profiles
        .iter()
        .filter(|profile| profile.check().is_ok())
        .flat_map(|profile| files.places.iter().map(|place| place.of(profile)));
    files.places.iter().cloned().chain(of_profiles).collect()
}
