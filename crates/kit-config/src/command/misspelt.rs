//! Variables that are meant for a flag and have no flag's name.

use std::ffi::OsString;

use clap::{Arg, Command};

use crate::problem::{Problem, What};
use crate::shape::nearest;
use crate::tree::key::KeyPath;
use crate::tree::origin::Origin;

/// A warning for each variable that begins as those of flags do, is that of no argument, and is like one of them.
///
/// It is no mistake, as another program may own a variable with the same beginning. Those with `__` belong to
/// `Settings::environment`, which refuses a wrong one; an empty one counts as not set.
pub(super) fn warnings(
    prefix: &str,
    command: &Command,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<Problem> {
    let begin = format!("{prefix}_").to_uppercase();
    let mut known = Vec::new();
    add_names(command, &mut known);
    let known: Vec<_> = known
        .iter()
        .filter_map(|name| name.strip_prefix(&begin))
        .collect();
    let mut names: Vec<_> = variables
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.into_string().ok())
        .collect();
    names.sort();
    let warnings = names.iter().filter_map(|name| {
        let rest = name.strip_prefix(&begin)?;
        let is_other = rest.starts_with('_') || known.contains(&rest);
        let nearest = nearest(rest, known.iter().copied()).filter(|_| !is_other)?;
        let message = format!("no flag has this variable; did you mean `{begin}{nearest}`?");
        let what = What::Other { message };
        let origin = Origin::Variable(name.as_str().into());
        Some(Problem::new(origin, KeyPath::root(), what))
    });
    warnings.collect()
}

/// The variables of all arguments, also of those of subcommands.
fn add_names(command: &Command, names: &mut Vec<String>) {
    let variables = command.get_arguments().filter_map(Arg::get_env);
    names.extend(variables.filter_map(|name| name.to_str().map(str::to_owned)));
    for subcommand in command.get_subcommands() {
        add_names(subcommand, names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_are_like_one_of_a_flag_are_warned_about() {
        let arg = |id: &'static str| Arg::new(id).long(id).env(id);
        let command = Command::new("orders")
            .arg(arg("KIT_STOP_TIMEOUT"))
            .subcommand(Command::new("sub").arg(arg("KIT_STOP_TIMEOUTS")));
        let variables = [
            ("KIT_STOP_TIMEUOT", "5s"),
            ("KIT_STOP_TIMEOUT", "5s"),
            ("KIT_STOP_TIMEOUTS", "5s"),
            ("KIT_STOP_TIMOUT", ""),
            ("KIT__STOP_TIMEOUT", "5s"),
            ("KIT_HOME", "/"),
            ("STOP_TIMEOUT", "5s"),
        ];
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let found = warnings("kit", &command, variables.into_iter());
        let found: Vec<_> = found.iter().map(Problem::to_string).collect();
        let expected = "variable KIT_STOP_TIMEUOT: no flag has this variable; did you mean `KIT_STOP_TIMEOUT`?";
        assert_eq!(found, [expected]);
    }
}
