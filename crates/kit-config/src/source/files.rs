//! All files of settings: single ones, directories, and profiles.

use std::path::{Path, PathBuf};

use super::layer::Layer;
use super::profile::Profile;
use super::{directory, file};

#[cfg(feature = "app")]
pub(crate) mod watched;

/// The files of settings, in the order in which they were given: later ones count more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Files {
    places: Vec<Location>,
    profiles: Vec<Profile>,
}

/// A file or a directory of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) path: PathBuf,
    pub(crate) kind: LocationKind,
    /// Whether it may be absent.
    pub(crate) is_optional: bool,
}

/// What stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocationKind {
    File,
    Directory,
}

impl Files {
    pub(crate) fn add(&mut self, place: Location) {
        self.places.push(place);
    }

    /// The profile's files count more than all others, and than those of the profiles before.
    pub(crate) fn add_profile(&mut self, profile: Profile) {
        self.profiles.push(profile);
    }

    /// Reads all of them, from those that count least: every place, then every place of each profile.
    pub(crate) fn read(&self) -> Vec<Layer> {
        let mut layers: Vec<Layer> = self.places.iter().flat_map(Location::read).collect();
        for profile in &self.profiles {
            layers.extend(self.read_profile(profile));
        }
        layers
    }

    /// The single files that may be absent, but for those of profiles.
    pub(crate) fn optional_files(&self) -> impl Iterator<Item = &Path> {
        let optional = self.places.iter().filter(|place| place.is_optional);
        let files = optional.filter(|place| place.kind == LocationKind::File);
        files.map(|place| place.path.as_path())
    }

    fn read_profile(&self, profile: &Profile) -> Vec<Layer> {
        if let Err(problem) = profile.check() {
            return vec![Layer::failed(problem)];
        }
        let places: Vec<Location> = self.places.iter().map(|place| place.of(profile)).collect();
        let found: Vec<_> = places.iter().filter_map(Location::read_if_there).collect();
        // A directory can be there without a file of settings in it.
        if found.iter().all(Vec::is_empty) && !profile.is_optional {
            let looked_at: Vec<_> = places.iter().map(Location::file_name).collect();
            return vec![Layer::failed(profile.absent(&looked_at))];
        }
        found.into_iter().flatten().collect()
    }
}

impl Location {
    fn read(&self) -> Vec<Layer> {
        match self.kind {
            _ if self.is_optional => self.read_if_there().unwrap_or_default(),
            LocationKind::File => vec![file::read(&self.path)],
            LocationKind::Directory => directory::read(&self.path),
        }
    }

    fn read_if_there(&self) -> Option<Vec<Layer>> {
        match self.kind {
            LocationKind::File => file::read_if_there(&self.path).map(|layer| vec![layer]),
            LocationKind::Directory => directory::read_if_there(&self.path),
        }
    }

    /// The file that it names, or any in the directory.
    fn file_name(&self) -> String {
        let name = file::name(&self.path);
        match self.kind {
            LocationKind::File => name,
            LocationKind::Directory => format!("file in {name}"),
        }
    }

    /// The place of a profile beside this one.
    fn of(&self, profile: &Profile) -> Location {
        Location {
            path: match self.kind {
                LocationKind::File => profile.beside(&self.path),
                LocationKind::Directory => profile.within(&self.path),
            },
            kind: self.kind,
            is_optional: true,
        }
    }
}

#[cfg(test)]
mod tests;
