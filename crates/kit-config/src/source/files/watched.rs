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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::files::LocationKind;
    use crate::source::profile::Profile;

    #[test]
    fn the_places_of_profiles_are_among_them() {
        let mut files = Files::default();
        for path in ["a.toml", "b.toml"] {
            files.add(Location {
                path: path.into(),
                kind: LocationKind::File,
                is_optional: false,
            });
        }
        for name in ["p", "no/name"] {
            files.add_profile(Profile {
                name: name.to_owned(),
                is_optional: true,
            });
        }
        let places = places(&files).into_iter();
        let paths: Vec<_> = places.map(|place| place.path).collect();
        assert_eq!(
            paths,
            ["a.toml", "b.toml", "a.p.toml", "b.p.toml"].map(std::path::PathBuf::from)
        );
    }
}
