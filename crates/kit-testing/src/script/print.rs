//! A script as Rust that can be pasted into a test.

use std::fmt::{Debug, Write};

use super::{Interruption, Options, Script, for_each_list};

/// The text of a test that runs this script with this interruption, and fails where the run breaks a rule.
///
/// ```
/// use kit_testing::script::{Interruption, Script, as_rust};
///
/// let text = as_rust("it_starts_and_stops", &Script::default(), &Interruption::none());
/// assert!(text.starts_with("#[test]\nfn it_starts_and_stops() {\n"));
/// ```
#[must_use]
pub fn as_rust(name: &str, script: &Script, interruption: &Interruption) -> String {
    let script = of_script(script);
    let interruption = literal(interruption);
    format!(
        "#[test]\n\
         fn {name}() {{\n\
         \x20   let script = {script};\n\
         \x20   let interruption = {interruption};\n\
         \x20   kit_testing::assert_holds(&script, &interruption);\n\
         }}\n"
    )
}

/// The text for debugging of these types is that of Rust but for its lists: there is no other bracket in it.
fn literal(value: &impl Debug) -> String {
    format!("{value:?}").replace('[', "vec![")
}

macro_rules! print_lists {
    ($script:ident, $text:ident, $is_whole:ident; $($parts:ident),*) => {
        let Script { options: _, $($parts),* } = $script;
        $($is_whole &= list(&mut $text, stringify!($parts), $parts);)*
    };
}

/// Each part in a line; a part that has its default is left out.
fn of_script(script: &Script) -> String {
    let mut text = "Script {\n".to_owned();
    let mut is_whole = script.options != Options::default();
    if is_whole {
        let _ = writeln!(text, "        options: {},", literal(&script.options));
    }
    for_each_list!(print_lists!(script, text, is_whole;));
    if !is_whole {
        text.push_str("        ..Script::default()\n");
    }
    text.push_str("    }");
    text
}

/// Returns whether there is anything in it.
fn list(text: &mut String, name: &str, parts: &[impl Debug]) -> bool {
    if parts.is_empty() {
        return false;
    }
    let _ = writeln!(text, "        {name}: vec![");
    for part in parts {
        let _ = writeln!(text, "            {},", literal(part));
    }
    let _ = writeln!(text, "        ],");
    true
}
