//! Files that have lost all that they had.

use crate::LoadError;
use crate::load::ReadFile;
use crate::problem::{Problem, What};
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;

/// Refuses files in which nothing is set and something was before. A program that writes a file in its place
/// empties it first; all its settings would be their defaults without a sound.
pub(super) fn refuse(now: &[ReadFile], before: &[ReadFile]) -> Result<(), LoadError> {
    let had_something = |file: &&ReadFile| {
        let mut before = before.iter();
        before.any(|before| before.name == file.name && !before.is_blank)
    };
    let emptied = now.iter().filter(|file| file.is_blank);
    let problems = emptied.filter(had_something).map(|file| {
        let message = "has nothing in it and had settings before, so that it is probably half-written; \
                       a file that is meant to be without settings takes a restart, or can be removed \
                       where it is optional"
            .to_owned();
        let origin = Origin::Whole(file.name.clone());
        Problem::new(origin, KeyPath::root(), What::Other { message })
    });
    LoadError::refuse_any(problems.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_that_had_something_is_refused() {
        let file = |name: &str, is_blank| ReadFile {
            name: name.into(),
            is_blank,
        };
        let before = [file("a", false), file("b", true), file("c", false)];
        let now = [file("a", true), file("b", true), file("d", true)];
        let error = refuse(&now, &before).expect_err("`a` has lost its settings");
        let sources: Vec<_> = error.problems().iter().map(Problem::source).collect();
        assert_eq!(sources, ["a"]);
        assert_eq!(refuse(&before, &now), Ok(()));
    }
}
