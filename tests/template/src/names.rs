//! Names that the template takes, and those that it refuses.

use crate::Result;
use crate::generate::Template;

/// A name, and what the refusal says of it.
const REFUSED: [(&str, &str); 8] = [
    ("1shop", "does not begin with a letter"),
    ("--", "has no letter"),
    ("a/b", "has other characters than"),
    ("two words", "has other characters than"),
    ("süß", "has other characters than"),
    ("loop", "is a word of Rust"),
    (
        "kit-config",
        "the name of a crate or a module that the service needs",
    ),
    (
        "a-service-with-a-name-of-more-than-fifty-characters",
        "has more than 50 characters",
    ),
];

/// A refusal leaves no folder behind.
pub(crate) fn check(template: &Template) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    for (name, why) in REFUSED {
        match template.make_named(name, "refused", Vec::new()) {
            Ok(made) => wrong.push(format!("the name `{name}` was taken: {}", made.display())),
            Err(error) if error.to_string().contains(why) => {}
            Err(error) => wrong.push(format!(
                "the name `{name}` was refused by `{error}`, not by `{why}`"
            )),
        }
    }
    let renamed = template.make_named("OrderService", "renamed", Vec::new())?;
    if !renamed.ends_with("order-service") {
        wrong.push(format!("`OrderService` became {}", renamed.display()));
    }
    let left = template.folder().join("refused").read_dir()?.count();
    if left > 0 {
        wrong.push(format!("refused names have left {left} folders behind"));
    }
    Ok(wrong)
}
