//! The names by which the log and the report tell the parts of an app apart.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::{Error, HookStage};

/// A kind of part, in the words of an error: one of them, and two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    one: &'static str,
    two: &'static str,
}

pub(crate) const COMPONENT: Kind = Kind {
    one: "a component",
    two: "two components",
};

pub(crate) const RESOURCE: Kind = Kind {
    one: "a resource",
    two: "two resources",
};

pub(crate) const CHECK: Kind = Kind {
    one: "a check",
    two: "two checks",
};

pub(crate) const RELOAD_HOOK: Kind = Kind {
    one: "a reload hook",
    two: "two reload hooks",
};

pub(crate) const LAST_STEP: Kind = Kind {
    one: "a last step",
    two: "two last steps",
};

pub(crate) const REGISTRY: Kind = Kind {
    one: "a registry",
    two: "two registries",
};

/// Of a group; one that is alone is a component.
pub(crate) const WORKER: Kind = Kind {
    one: "a worker of the group",
    two: "two workers of the group",
};

pub(crate) fn hook_of(stage: HookStage) -> Kind {
    let (one, two) = match stage {
        HookStage::BeforeStart => ("a before_start hook", "two before_start hooks"),
        HookStage::AfterStart => ("an after_start hook", "two after_start hooks"),
        HookStage::BeforeStop => ("a before_stop hook", "two before_stop hooks"),
        HookStage::AfterStop => ("an after_stop hook", "two after_stop hooks"),
    };
    Kind { one, two }
}

/// The errors in the names of parts that share a place in the log and in the report: a name that is
/// empty or cannot stand in a line, and one that two of them have.
pub(crate) fn wrong_names<'a>(named: impl IntoIterator<Item = (Kind, &'a str)>) -> Vec<Error> {
    let mut wrong = Vec::new();
    // By name: the first kind that has it, and whether an error says that another has it as well.
    let mut seen: HashMap<&str, (Kind, bool)> = HashMap::new();
    for (kind, name) in named {
        if !is_name(name) {
            wrong.push(Error::Name {
                of: kind.one,
                name: name.to_owned(),
            });
            continue;
        }
        let (first, is_said) = match seen.entry(name) {
            Entry::Vacant(place) => {
                place.insert((kind, false));
                continue;
            }
            Entry::Occupied(first) => first.into_mut(),
        };
        // A third of one name is no news.
        if !std::mem::replace(is_said, true) {
            let between = if *first == kind {
                kind.two.to_owned()
            } else {
                format!("{} and {}", first.one, kind.one)
            };
            wrong.push(Error::DuplicateName {
                name: name.to_owned(),
                between,
            });
        }
    }
    wrong
}

/// Whether it can be seen in a line as it is, and leaves it one line.
fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && !name.chars().any(is_unseen)
}

/// Whether a character shows nothing or changes how its line is shown: controls, separators of lines,
/// marks of direction and of width, fillers, selectors of variants. Two names that differ in these alone
/// look like one.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines<const N: usize>(named: [(Kind, &str); N]) -> Vec<String> {
        let wrong = wrong_names(named);
        wrong.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_is_visible_and_has_one_line() {
        let empty = "the name of a resource is empty: give it a name, such as `orders`";
        assert_eq!(lines([(RESOURCE, "")]), [empty]);
        let expected = "the name of a check is \"a\\nb\": it has to be visible text in one line, such as \
                        `orders`";
        assert_eq!(lines([(CHECK, "a\nb")]), [expected]);
        for wrong in [" ", "\t", "a\u{7f}", "a\0", "\u{1b}[31m"] {
            assert_eq!(lines([(WORKER, wrong)]).len(), 1, "{wrong:?}");
        }
        for unseen in [
            '\u{ad}',
            '\u{200b}',
            '\u{200d}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{3164}',
            '\u{fe0f}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            for name in [format!("{unseen}"), format!("a{unseen}b")] {
                let lines = lines([(WORKER, &*name)]);
                assert!(
                    lines.len() == 1 && lines[0].contains("visible text in one line"),
                    "{name:?}: {lines:?}"
                );
            }
        }
        for right in [
            "a",
            "warm the cache",
            "öl",
            "a/b",
            "a.b",
            " a",
            "o\u{308}l",
            "注文",
        ] {
            assert_eq!(lines([(WORKER, right)]), [""; 0], "{right:?}");
        }
    }

    #[test]
    fn a_name_that_two_have_is_one_error_however_many_have_it() {
        assert_eq!(
            lines([(COMPONENT, "a"), (RESOURCE, "a"), (COMPONENT, "a")]),
            ["there are a component and a resource named `a`: give one of them another name"]
        );
        let stage = hook_of(HookStage::AfterStop);
        assert_eq!(
            lines([(stage, "b"), (stage, "a"), (stage, "b"), (stage, "a")]),
            [
                "there are two after_stop hooks named `b`: give one of them another name",
                "there are two after_stop hooks named `a`: give one of them another name",
            ]
        );
    }
}
