//! Settings by the arguments of a program, with what only their parser knows.

use super::Settings;
use crate::problem::Problem;

/// Sets the value of a key by a flag, with its place among the arguments.
pub(crate) fn set_flag<T>(
    settings: &mut Settings<T>,
    (key, flag): (&str, &str),
    value: &str,
    place: Option<usize>,
) {
    settings.flags.flag(key, flag, value, place);
}

/// Takes what follows each `--set` among the arguments, with its place there, for the values that are set later.
pub(crate) fn set_places<T>(settings: &mut Settings<T>, places: Vec<(String, usize)>) {
    settings.flags.places = places;
}

/// Takes warnings about arguments, which each load gives.
pub(crate) fn set_warnings<T>(settings: &mut Settings<T>, warnings: Vec<Problem>) {
    settings.flags.warnings = warnings;
}
